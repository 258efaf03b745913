//! The four functions that Python calls; nothing else here is unsafe.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice;

use crate::packer::Packer;
use crate::spec::Spec;

/// Moves with every change of the functions' signatures or of a spec's text.
const ABI: u32 = 2;

/// Where the tuples of the last block are, and the newest change time in the block; the latter may be empty.
#[repr(C)]
pub struct Answer {
    data: *const u8,
    length: usize,
    rows: usize,
    future: usize,
    newest: *const u8,
    newest_length: usize,
}

#[no_mangle]
pub extern "C" fn focus_native_abi() -> u32 {
    ABI
}

/// A packer, or null where the spec is not understood.
///
/// # Safety
/// `text` must point to `length` bytes.
#[no_mangle]
pub unsafe extern "C" fn focus_packer_new(text: *const u8, length: usize) -> *mut Packer {
    let text = slice::from_raw_parts(text, length);
    let made = catch_unwind(|| std::str::from_utf8(text).ok().and_then(Spec::read).map(Packer::new));
    match made {
        Ok(Some(packer)) => Box::into_raw(Box::new(packer)),
        _ => std::ptr::null_mut(),
    }
}

/// Pack a block; 1 where `answer` was filled in. What it points to lives until the packer is used again.
///
/// # Safety
/// `packer` must come from `focus_packer_new` and be in no other thread's hands; `data` must point to `length` bytes.
#[no_mangle]
pub unsafe extern "C" fn focus_packer_pack(
    packer: *mut Packer,
    data: *const u8,
    length: usize,
    answer: *mut Answer,
) -> u8 {
    let (packer, data) = (&mut *packer, slice::from_raw_parts(data, length));
    let packed = catch_unwind(AssertUnwindSafe(|| packer.pack(data)));
    if let Ok(Some(found)) = packed {
        let newest = found.newest.unwrap_or_default();
        *answer = Answer {
            data: packer.out.as_ptr(),
            length: packer.out.len(),
            rows: found.rows,
            future: found.future,
            newest: newest.as_ptr(),
            newest_length: newest.len(),
        };
        return 1;
    }
    0
}

/// # Safety
/// `packer` must come from `focus_packer_new`, and is gone afterwards.
#[no_mangle]
pub unsafe extern "C" fn focus_packer_free(packer: *mut Packer) {
    drop(Box::from_raw(packer));
}
