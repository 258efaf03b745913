//! Values as fields of PostgreSQL's binary COPY: four bytes of length, then what the type's receive function reads.
//!
//! <https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4>; the types' own forms are in the server's
//! source, `src/backend/utils/adt`.

use crate::calendar::{DAY_MICROS, POSTGRES_EPOCH};

const TEXT_OID: u32 = 25;
/// Where in a UUID's text each of its bytes begins.
const UUID_BYTES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

pub fn push_null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}

pub fn push_field(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&i32::try_from(bytes.len()).ok()?.to_be_bytes());
    out.extend_from_slice(bytes);
    Some(())
}

/// Append a field that `write` appends; its length is filled in afterwards.
pub fn push_sized(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<()> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out)?;
    let length = i32::try_from(out.len() - start - 4).ok()?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Some(())
}

/// An integer of two, four or eight bytes, which hold it.
pub fn push_integer(number: i64, bytes: usize, out: &mut Vec<u8>) -> Option<()> {
    push_field(&number.to_be_bytes()[8 - bytes..], out)
}

/// Microseconds since 1970 in UTC.
pub fn push_timestamp(micros: i64, out: &mut Vec<u8>) -> Option<()> {
    push_field(&(micros - POSTGRES_EPOCH * DAY_MICROS).to_be_bytes(), out)
}

/// Days since 1970.
pub fn push_date(days: i64, out: &mut Vec<u8>) -> Option<()> {
    push_field(&i32::try_from(days - POSTGRES_EPOCH).ok()?.to_be_bytes(), out)
}

/// 36 characters with hyphens, in any case.
pub fn push_uuid(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if text.len() != 36 || [8, 13, 18, 23].iter().any(|&place| text[place] != b'-') {
        return None;
    }
    let mut bytes = [0_u8; 16];
    for (byte, &place) in bytes.iter_mut().zip(&UUID_BYTES) {
        *byte = hex(text[place])? << 4 | hex(text[place + 1])?;
    }
    push_field(&bytes, out)
}

/// jsonb: the version of its form, then the text.
pub fn push_jsonb(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<()> {
    push_sized(out, |out| {
        out.push(1);
        write(out)
    })
}

/// What comes before the elements of a text[]: dimensions, no NULLs, the elements' type, how many, the first's number.
pub fn push_array_head(count: usize, out: &mut Vec<u8>) -> Option<()> {
    let count = i32::try_from(count).ok()?;
    out.extend_from_slice(&i32::from(count > 0).to_be_bytes());
    out.extend_from_slice(&0_i32.to_be_bytes());
    out.extend_from_slice(&TEXT_OID.to_be_bytes());
    if count > 0 {
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(&1_i32.to_be_bytes());
    }
    Some(())
}

/// Append the bytes of standard base64, padded, without a superfluous bit.
pub fn push_base64(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if text.len() % 4 != 0 {
        return None;
    }
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let (mut bits, mut held) = (0_u32, 0);
    for &byte in &text[..text.len() - padding] {
        bits = bits << 6 | u32::from(sextet(byte)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    (bits == 0).then_some(())
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_text() {
        let read = |text: &str| {
            let mut out = Vec::new();
            push_base64(text.as_bytes(), &mut out).map(|()| out)
        };
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read("AA=="), Some(vec![0]));
        assert_eq!(read("/+8="), Some(vec![255, 239]));
        assert_eq!(read("Zm9v"), Some(b"foo".to_vec()));
        for bad in ["A", "AA", "AAA", "AB==", "A===", "====", "AA=A", "AA==AAAA", "AA -", "__8="] {
            assert_eq!(read(bad), None, "{}", bad);
        }
    }

    #[test]
    fn uuids_have_four_hyphens() {
        let mut out = Vec::new();
        push_uuid(b"C0056581-2593-4257-aee7-d7c80f734456", &mut out).unwrap();
        assert_eq!(out[4..8], [0xc0, 0x05, 0x65, 0x81]);
        assert_eq!(out.len(), 20);
        assert!(push_uuid(b"c005658112593-4257-aee7-d7c80f734456", &mut out).is_none());
        assert!(push_uuid(b"c0056581-2593-4257-aee7-d7c80f73445g", &mut out).is_none());
    }
}
