//! Lines in, rows of a binary COPY out, all of a block or none.

use crate::calendar;
use crate::json::{is_compact, is_sure, push_compact, push_unescaped, Inside, Token, Walk};
use crate::number::{push_numeric, Number};
use crate::pgcopy as copy;
use crate::spec::{Kind, Spec};

/// Values of one line; with more Python looks itself.
const MAX_PARTS: usize = 250_000;

/// What a block gave: `rows` of them, as tuples without COPY's header and trailer.
#[derive(Debug, PartialEq, Eq)]
pub struct Packed<'a> {
    pub rows: usize,
    /// The wire's text of the latest change time up to the limit: the first row that has it, the first column.
    pub newest: Option<&'a [u8]>,
    /// Rows that changed after the limit; they are packed, and not the newest.
    pub future: usize,
}

pub struct Packer {
    spec: Spec,
    tokens: Vec<Token>,
    seen: Vec<bool>,
    /// The tuples of the block that was packed last.
    pub out: Vec<u8>,
}

/// A change time, and where its text is.
#[derive(Clone, Copy)]
struct Moment {
    micros: i64,
    start: usize,
    end: usize,
}

fn later(known: Option<Moment>, found: Option<Moment>) -> Option<Moment> {
    match (known, found) {
        (Some(one), Some(other)) if other.micros <= one.micros => known,
        (_, None) => known,
        _ => found,
    }
}

impl Packer {
    pub fn new(spec: Spec) -> Packer {
        let tokens = vec![Token::Absent; spec.columns.len()];
        let seen = vec![false; spec.members.len()];
        Packer { spec, tokens, seen, out: Vec::new() }
    }

    /// The rows of complete lines, appended to an emptied `out`; None where anything is out of the ordinary.
    pub fn pack<'a>(&mut self, data: &'a [u8]) -> Option<Packed<'a>> {
        self.out.clear();
        std::str::from_utf8(data).ok()?;
        let mut walk = Walk::new(data);
        let (mut rows, mut future, mut newest) = (0, 0, None);
        while walk.at < data.len() {
            walk.parts = 0;
            self.read_line(&mut walk)?;
            walk.take(b'\r');
            let ended = walk.take(b'\n') || walk.at == data.len();
            if !ended || walk.parts > MAX_PARTS {
                return None;
            }
            self.write_row(data)?;
            let changed = self.changed(data)?;
            if changed.map_or(false, |moment| moment.micros > self.spec.limit) {
                future += 1;
            } else {
                newest = later(newest, changed);
            }
            rows += 1;
        }
        if rows == 0 {
            return None;
        }
        Some(Packed { rows, newest: newest.map(|found| &data[found.start..found.end]), future })
    }

    /// One object, whose values become `tokens`.
    fn read_line(&mut self, walk: &mut Walk) -> Option<()> {
        self.tokens.iter_mut().for_each(|token| *token = Token::Absent);
        self.seen.iter_mut().for_each(|seen| *seen = false);
        if !walk.take(b'{') {
            return None;
        }
        let mut expected = 0;
        loop {
            walk.spaces();
            let place = self.place_of(walk, expected)?;
            if std::mem::replace(&mut self.seen[place], true) {
                return None;
            }
            expected = place + 1;
            walk.spaces();
            if !walk.take(b':') {
                return None;
            }
            walk.spaces();
            let token = walk.value()?;
            if let Some(column) = self.spec.members[place].column {
                self.tokens[column] = token;
            }
            walk.spaces();
            if walk.take(b'}') {
                return Some(());
            }
            if !walk.take(b',') {
                return None;
            }
        }
    }

    /// Go past a name, and say which member's it is; the one that follows the last is tried first.
    fn place_of(&self, walk: &mut Walk, expected: usize) -> Option<usize> {
        let members = &self.spec.members;
        if members.get(expected).map_or(false, |member| walk.take_string(&member.name)) {
            return Some(expected);
        }
        let (start, end, _) = walk.string()?; // one with a backslash is nobody's
        members.iter().position(|member| member.name == walk.text[start..end])
    }

    fn write_row(&mut self, data: &[u8]) -> Option<()> {
        let columns = &self.spec.columns;
        if self.tokens.iter().all(|&token| token == Token::Absent) {
            return None;
        }
        self.out.extend_from_slice(&(columns.len() as i16).to_be_bytes());
        for (column, &token) in columns.iter().zip(&self.tokens) {
            match token {
                Token::Absent | Token::Null if column.required => return None,
                Token::Absent | Token::Null => copy::push_null(&mut self.out),
                _ => push_value(column.kind, data, token, &mut self.out)?,
            }
        }
        Some(())
    }

    /// When the row whose values are in `tokens` last changed; Some(None) where it does not say.
    fn changed(&self, data: &[u8]) -> Option<Option<Moment>> {
        let mut latest = None;
        for &place in &self.spec.changed {
            if let Token::Text { start, end, .. } = self.tokens[place] {
                let micros = calendar::moment(&data[start..end])?;
                latest = later(latest, Some(Moment { micros, start, end }));
            }
        }
        Some(latest)
    }
}

fn push_value(kind: Kind, data: &[u8], token: Token, out: &mut Vec<u8>) -> Option<()> {
    match (kind, token) {
        (Kind::Json, _) => copy::push_jsonb(out, |out| push_json(data, token, out)),
        (Kind::Bool, Token::Bool(value)) => copy::push_field(&[u8::from(value)], out),
        (Kind::TextList, Token::Inside(inside)) => copy::push_sized(out, |out| push_list(data, inside, out)),
        (Kind::Decimal { precision, scale }, Token::Text { start, end, escaped: false }) => {
            let number = Number::read(&data[start..end]).filter(|found| found.length == end - start)?;
            push_numeric(&number, precision, scale, out)
        }
        (_, Token::Number { start, end }) => push_number(kind, &data[start..end], out),
        (Kind::Text, Token::Text { start, end, escaped }) => push_text(&data[start..end], escaped, out),
        (_, Token::Text { start, end, escaped: false }) => push_formed(kind, &data[start..end], out),
        _ => None,
    }
}

fn push_number(kind: Kind, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let number = Number::read(text)?;
    match kind {
        Kind::Int { low, high, bytes } => {
            let found = number.integer().filter(|found| (low..=high).contains(found))?;
            copy::push_integer(found, bytes, out)
        }
        Kind::Decimal { precision, scale } => push_numeric(&number, precision, scale, out),
        Kind::Float => copy::push_field(&double(&number, text)?.to_be_bytes(), out),
        _ => None,
    }
}

/// The double that a number names; an integer only where every double as small is one.
fn double(number: &Number, text: &[u8]) -> Option<f64> {
    const SAFE: i64 = 1 << 53;
    if number.is_integer() {
        return number.integer().filter(|found| (-SAFE..=SAFE).contains(found)).map(|found| found as f64);
    }
    let found: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(found).filter(|value| value.is_finite())
}

/// A string whose kind has a form of its own.
fn push_formed(kind: Kind, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    match kind {
        Kind::Uuid => copy::push_uuid(text, out),
        Kind::Timestamp => copy::push_timestamp(calendar::moment(text)?, out),
        Kind::Date => copy::push_date(calendar::day(text)?, out),
        Kind::Bytes => copy::push_sized(out, |out| copy::push_base64(text, out)),
        _ => None,
    }
}

fn push_text(text: &[u8], escaped: bool, out: &mut Vec<u8>) -> Option<()> {
    if !escaped {
        return copy::push_field(text, out);
    }
    copy::push_sized(out, |out| push_unescaped(text, out))
}

fn push_json(data: &[u8], token: Token, out: &mut Vec<u8>) -> Option<()> {
    let text = match token {
        Token::Inside(Inside { start, end, sure: true, .. }) => &data[start..end],
        Token::Text { start, end, .. } => &data[start - 1..=end],
        Token::Number { start, end } if is_sure(data, token) => &data[start..end],
        Token::Bool(true) => b"true",
        Token::Bool(false) => b"false",
        _ => return None,
    };
    let compact = match token {
        Token::Inside(inside) => inside.compact,
        _ => is_compact(data, token),
    };
    if !compact {
        return push_compact(text, out);
    }
    out.extend_from_slice(text);
    Some(())
}

/// The strings of an array that has been walked through once.
fn push_list(data: &[u8], inside: Inside, out: &mut Vec<u8>) -> Option<()> {
    let mut walk = Walk::new(&data[..inside.end]);
    walk.at = inside.start;
    let mut texts = Vec::new();
    if !walk.take(b'[') {
        return None;
    }
    walk.spaces();
    while !walk.take(b']') {
        texts.push(walk.string()?);
        walk.spaces();
        walk.take(b',');
        walk.spaces();
    }
    copy::push_array_head(texts.len(), out)?;
    for (start, end, escaped) in texts {
        push_text(&data[start..end], escaped, out)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "column\tint16\t-\t-\trequired\tid\ncolumn\tstring\t-\t-\toptional\tname\n\
                        column\ttime\t-\t-\toptional\tmade\ncolumn\ttime\t-\t-\toptional\tchanged\n\
                        other\textra\nchanged\t2\nchanged\t3\n";

    fn packer() -> Packer {
        Packer::new(Spec::read(SPEC).unwrap())
    }

    #[test]
    fn a_line_is_a_tuple() {
        let mut packer = packer();
        let data = b"{\"id\":1,\"name\":\"a\\tb\"}\n{ \"extra\": [{}], \"id\": -2 }";
        assert_eq!(packer.pack(data), Some(Packed { rows: 2, newest: None, future: 0 }));
        let null = [255, 255, 255, 255];
        let first = [&[0, 4, 0, 0, 0, 2, 0, 1, 0, 0, 0, 3, b'a', 9, b'b'][..], &null, &null].concat();
        let second = [&[0, 4, 0, 0, 0, 2, 255, 254][..], &null, &null, &null].concat();
        assert_eq!(packer.out, [first, second].concat());
    }

    #[test]
    fn what_is_out_of_the_ordinary_is_left_to_others() {
        let mut packer = packer();
        for odd in [
            "",
            "\n",
            "{}\n",
            "{\"id\":1}\n\n",
            "{\"id\":1}{\"id\":2}\n",
            "{\"id\":1,\"id\":1}\n",
            "{\"id\":null}\n",
            "{\"name\":\"a\"}\n",
            "{\"id\":1,\"strange\":2}\n",
            "{\"id\":1.0}\n",
            "{\"id\":32768}\n",
            "{\"id\":\"1\"}\n",
            "{\"id\":1,\"name\":1}\n",
            "{\"id\":1,\"made\":\"soon\"}\n",
            "{\"id\":1,}\n",
            "[1]\n",
            " {\"id\":1}\n",
            "{\"i\\u0064\":1}\n",
            "{\"id\":1,\"name\":\"\\u0000\"}\n",
            "{\"id\":1",
            "\u{feff}{\"id\":1}\n",
        ] {
            assert_eq!(packer.pack(odd.as_bytes()), None, "{}", odd);
        }
        assert_eq!(packer.pack(b"{\"id\":1,\"name\":\"\xff\"}\n"), None);
        assert_eq!(packer.pack(b"{\"id\":1}\n").map(|found| found.rows), Some(1));
    }

    #[test]
    fn rows_after_the_limit_are_counted() {
        let spec = format!("{}limit\t1\n", SPEC);
        let lines = b"{\"id\":1,\"made\":\"1970-01-01T00:00:00.000001Z\"}\r\n\
                      {\"id\":2,\"made\":\"1970-01-01T00:00:00Z\",\"changed\":\"1970-01-01T00:00:01Z\"}\n";
        let mut packer = Packer::new(Spec::read(&spec).unwrap());
        let newest = Some(&b"1970-01-01T00:00:00.000001Z"[..]);
        assert_eq!(packer.pack(lines), Some(Packed { rows: 2, newest, future: 1 }));
    }

    #[test]
    fn the_newest_is_the_first_of_the_latest() {
        let lines = b"{\"id\":1,\"made\":\"2025-01-01\"}\n";
        assert_eq!(packer().pack(lines), None);
        let lines = b"{\"id\":1,\"changed\":\"2025-01-01T00:00:00Z\"}\n\
                      {\"id\":2,\"made\":\"2025-01-01T01:00:00+00\",\"changed\":\"2025-01-01T02:00:00+01:00\"}\n\
                      {\"id\":3,\"changed\":\"2025-01-01T01:00:00Z\"}\n";
        assert_eq!(packer().pack(lines).unwrap().newest, Some(&b"2025-01-01T01:00:00+00"[..]));
    }
}
