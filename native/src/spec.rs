//! What the columns are: one line each, its fields parted by tabs.

use crate::number::MAX_DIGITS;

/// The kind of a column, as `focus_assets/model/schema.py` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int { low: i64, high: i64, bytes: usize },
    Float,
    Decimal { precision: Option<usize>, scale: usize },
    Text,
    Uuid,
    Timestamp,
    Date,
    Bool,
    Json,
    Bytes,
    TextList,
}

/// A name that a line may have.
#[derive(Debug)]
pub struct Member {
    pub name: Vec<u8>,
    /// Which column it fills; None for what is passed over.
    pub column: Option<usize>,
}

#[derive(Debug)]
pub struct Column {
    pub kind: Kind,
    pub required: bool,
}

#[derive(Debug)]
pub struct Spec {
    pub columns: Vec<Column>,
    /// In the order in which they are expected: the columns first.
    pub members: Vec<Member>,
    /// The columns that say when a row changed, in their order.
    pub changed: Vec<usize>,
    /// Microseconds since 1970: a row that changed later is of the future.
    pub limit: i64,
}

impl Spec {
    /// `column KIND PRECISION SCALE required|optional NAME`, `other NAME`, `changed PLACE`, `limit MICROS`; an
    /// absent number is `-`.
    pub fn read(text: &str) -> Option<Spec> {
        let mut spec = Spec { columns: Vec::new(), members: Vec::new(), changed: Vec::new(), limit: i64::MAX };
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            match fields.as_slice() {
                ["column", kind, precision, scale, needed, name] => {
                    let kind = kind_of(kind, number_of(precision)?, number_of(scale)?)?;
                    let required = *needed == "required";
                    spec.members.push(Member { name: name.as_bytes().to_vec(), column: Some(spec.columns.len()) });
                    spec.columns.push(Column { kind, required });
                }
                ["other", name] => spec.members.push(Member { name: name.as_bytes().to_vec(), column: None }),
                ["limit", micros] => spec.limit = micros.parse().ok()?,
                ["changed", place] => spec.changed.push(place.parse().ok()?),
                _ => return None,
            }
        }
        let changed = &spec.changed;
        let timed = changed.iter().all(|&place| spec.columns.get(place).map(|one| one.kind) == Some(Kind::Timestamp));
        let usual = spec.members.iter().all(|one| !one.name.iter().any(|&byte| byte < 32 || b"\"\\".contains(&byte)));
        let few = spec.columns.len() <= i16::MAX as usize;
        if timed && usual && few && !spec.columns.is_empty() {
            Some(spec)
        } else {
            None
        }
    }
}

fn number_of(text: &str) -> Option<Option<usize>> {
    if text == "-" {
        return Some(None);
    }
    text.parse().ok().map(Some)
}

fn kind_of(word: &str, precision: Option<usize>, scale: Option<usize>) -> Option<Kind> {
    Some(match word {
        "int16" => Kind::Int { low: i16::MIN.into(), high: i16::MAX.into(), bytes: 2 },
        "int32" => Kind::Int { low: i32::MIN.into(), high: i32::MAX.into(), bytes: 4 },
        "int64" => Kind::Int { low: i64::MIN, high: i64::MAX, bytes: 8 },
        "float64" => Kind::Float,
        "decimal" if precision.map_or(true, |digits| digits <= MAX_DIGITS) => {
            Kind::Decimal { precision, scale: scale.unwrap_or(0) }
        }
        "string" => Kind::Text,
        "uuid" => Kind::Uuid,
        "time" => Kind::Timestamp,
        "date" => Kind::Date,
        "bool" => Kind::Bool,
        "json" => Kind::Json,
        "bytes" => Kind::Bytes,
        "[]string" => Kind::TextList,
        _ => return None,
    })
}
