//! Walk over JSON without making anything of it: where values end, and whether they say what they say only once.

use crate::number::Number;

/// Deeper than this Python looks itself.
const MAX_DEPTH: usize = 60;
/// Names of one object; more are not looked through for one that comes twice.
const MAX_NAMES: usize = 48;

/// A value, from `start` to `end`; a string without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Absent,
    Null,
    Bool(bool),
    Number { start: usize, end: usize },
    Text { start: usize, end: usize, escaped: bool },
    Inside(Inside),
}

/// An object or an array. `compact`: its text is the one that we would write; `sure`: no name in it comes twice, or is
/// written in a strange way, and no number is long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inside {
    pub start: usize,
    pub end: usize,
    pub compact: bool,
    pub sure: bool,
}

/// A place in a text that is UTF-8; every step that finds what it does not expect gives None.
pub struct Walk<'a> {
    pub text: &'a [u8],
    pub at: usize,
    /// Values met so far, about.
    pub parts: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Open {
    Object { names: usize },
    Array,
}

impl<'a> Walk<'a> {
    pub fn new(text: &'a [u8]) -> Walk<'a> {
        Walk { text, at: 0, parts: 0 }
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Go past this byte, if it is the next.
    pub fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    pub fn spaces(&mut self) -> bool {
        let before = self.at;
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
        self.at > before
    }

    /// A string, from its quote to its quote: its inside, and whether there is a backslash in it.
    pub fn string(&mut self) -> Option<(usize, usize, bool)> {
        if !self.take(b'"') {
            return None;
        }
        let (start, mut escaped) = (self.at, false);
        loop {
            self.at += usual_length(&self.text[self.at..]);
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += escape_length(&self.text[self.at..])?;
                }
                _ => return None,
            }
        }
        self.at += 1;
        Some((start, self.at - 1, escaped))
    }

    /// Go past a string that is just these characters, none of which ends a run of usual ones.
    pub fn take_string(&mut self, inside: &[u8]) -> bool {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let there = self.peek() == Some(b'"') && rest.starts_with(inside) && rest.get(inside.len()) == Some(&b'"');
        self.at += if there { inside.len() + 2 } else { 0 };
        there
    }

    pub fn value(&mut self) -> Option<Token> {
        self.parts += 1;
        match self.peek()? {
            b'"' => {
                let (start, end, escaped) = self.string()?;
                Some(Token::Text { start, end, escaped })
            }
            b'{' | b'[' => self.inside().map(Token::Inside),
            b'n' => self.word(b"null", Token::Null),
            b't' => self.word(b"true", Token::Bool(true)),
            b'f' => self.word(b"false", Token::Bool(false)),
            _ => {
                let start = self.at;
                self.at += Number::read(&self.text[start..])?.length;
                Some(Token::Number { start, end: self.at })
            }
        }
    }

    fn word(&mut self, word: &[u8], token: Token) -> Option<Token> {
        let there = self.text[self.at..].starts_with(word);
        self.at += word.len();
        there.then_some(token)
    }

    /// An object or an array, walked through without recursion.
    fn inside(&mut self) -> Option<Inside> {
        let (start, before) = (self.at, self.parts);
        let mut found = Inside { start, end: start, compact: true, sure: true };
        let mut open: Vec<Open> = Vec::with_capacity(4);
        let mut names: Vec<&'a [u8]> = Vec::new();
        self.enter(&mut open, &mut found, &mut names)?;
        while let Some(&innermost) = open.last() {
            found.compact &= !self.spaces();
            match (self.peek()?, innermost) {
                (b',', _) => {
                    self.at += 1;
                    found.compact &= !self.spaces();
                    self.member(&mut open, &mut found, &mut names)?;
                }
                (b'}', Open::Object { names: first }) => {
                    self.at += 1;
                    names.truncate(first);
                    open.pop();
                }
                (b']', Open::Array) => {
                    self.at += 1;
                    open.pop();
                }
                _ => return None,
            }
        }
        found.end = self.at;
        self.parts = self.parts.max(before);
        Some(found)
    }

    /// Go past an opening bracket and, where it is not empty, the first value in it.
    fn enter(&mut self, open: &mut Vec<Open>, found: &mut Inside, names: &mut Vec<&'a [u8]>) -> Option<()> {
        if open.len() >= MAX_DEPTH {
            return None;
        }
        let object = self.peek() == Some(b'{');
        open.push(if object { Open::Object { names: names.len() } } else { Open::Array });
        self.at += 1;
        found.compact &= !self.spaces();
        let end = if object { b'}' } else { b']' };
        if self.peek() == Some(end) {
            self.parts += 1; // as many as brackets and commas, of which Python counts them
            return Some(());
        }
        self.member(open, found, names)
    }

    /// A name with its value, or a value; one that holds others is only entered.
    fn member(&mut self, open: &mut Vec<Open>, found: &mut Inside, names: &mut Vec<&'a [u8]>) -> Option<()> {
        if let Some(&Open::Object { names: first }) = open.last() {
            let (start, end, escaped) = self.string()?;
            let name = &self.text[start..end];
            let known = &names[first..];
            found.sure &= known.len() < MAX_NAMES && !known.contains(&name);
            found.sure &= !escaped || is_usual(name);
            names.push(name);
            found.compact &= !self.spaces();
            if !self.take(b':') {
                return None;
            }
            found.compact &= !self.spaces();
        }
        if matches!(self.peek(), Some(b'{' | b'[')) {
            self.parts += 1;
            return self.enter(open, found, names);
        }
        let token = self.value()?;
        found.compact &= is_compact(self.text, token);
        found.sure &= is_sure(self.text, token);
        Some(())
    }
}

/// Whether our own text of a scalar is the same.
pub fn is_compact(text: &[u8], token: Token) -> bool {
    match token {
        Token::Text { start, end, escaped } => !escaped || is_usual(&text[start..end]),
        _ => true,
    }
}

/// Whether a scalar is far from every bound.
pub fn is_sure(text: &[u8], token: Token) -> bool {
    match token {
        Token::Number { start, end } => Number::read(&text[start..end]).map_or(false, |number| number.is_short()),
        _ => true,
    }
}

/// Whether every escape is the one that we would write, by a letter.
fn is_usual(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        if byte == b'\\' && !matches!(bytes.next(), Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't')) {
            return false;
        }
    }
    true
}

/// Bytes of the escape that a text begins with.
fn escape_length(text: &[u8]) -> Option<usize> {
    match text.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => text.get(2..6)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        _ => None,
    }
}

/// Append the characters of a string's inside, whose escapes `Walk` has passed; None for a NUL or half a pair.
pub fn push_unescaped(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = text;
    while let Some(place) = rest.iter().position(|&byte| byte == b'\\') {
        out.extend_from_slice(&rest[..place]);
        rest = &rest[place..];
        let length = match *rest.get(1)? {
            b'u' => push_numbered(rest, out)?,
            letter => {
                out.push(meaning_of(letter));
                2
            }
        };
        rest = &rest[length..];
    }
    out.extend_from_slice(rest);
    Some(())
}

fn meaning_of(letter: u8) -> u8 {
    LETTERS.iter().find(|(known, _)| *known == letter).map_or(letter, |(_, meaning)| *meaning)
}

/// Append the character of one `\uXXXX` or of two that are a pair; returns how many bytes they take.
fn push_numbered(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let unit = unit_of(text)?;
    let (code, length) = if (0xD800..0xDC00).contains(&unit) {
        let low = unit_of(text.get(6..)?)?;
        if !(0xDC00..0xE000).contains(&low) {
            return None;
        }
        (0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), 12)
    } else {
        (unit, 6)
    };
    let character = char::from_u32(code).filter(|&one| one != '\0')?;
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(length)
}

fn unit_of(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |number, &digit| Some(number * 16 + char::from(digit).to_digit(16)?))
}

/// Append a text of JSON that has been walked through as we would write it: without spaces between its parts, and
/// escaped only where it must be; None for a NUL or half a pair.
pub fn push_compact(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (mut rest, mut quoted) = (text, false);
    while let Some((&byte, after)) = rest.split_first() {
        let mut length = 1;
        match (byte, after.first()) {
            (b'\\', Some(b'u')) => length = push_escaped(rest, out)?,
            (b'\\', Some(b'/')) => {
                out.push(b'/');
                length = 2;
            }
            (b'\\', Some(&letter)) => {
                out.extend_from_slice(&[byte, letter]);
                length = 2;
            }
            (b' ', _) if !quoted => {}
            _ => {
                quoted ^= byte == b'"';
                out.push(byte);
            }
        }
        rest = &rest[length..];
    }
    Some(())
}

/// Append the character of a numbered escape as it stands in our own texts; returns how many bytes the escape takes.
fn push_escaped(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let start = out.len();
    let length = push_numbered(text, out)?;
    let character = out[start];
    if character < b' ' || character == b'"' || character == b'\\' {
        out.truncate(start);
        match LETTERS.iter().find(|(_, meaning)| *meaning == character) {
            Some((letter, _)) => out.extend_from_slice(&[b'\\', *letter]),
            None => out.extend_from_slice(format!("\\u{:04x}", character).as_bytes()),
        }
    }
    Some(length)
}

/// The escapes that have a letter, and what they stand for.
const LETTERS: [(u8, u8); 7] =
    [(b'"', b'"'), (b'\\', b'\\'), (b'b', 8), (b'f', 12), (b'n', b'\n'), (b'r', b'\r'), (b't', b'\t')];

/// How many bytes come before the first that ends a run of usual characters in a string.
fn usual_length(text: &[u8]) -> usize {
    let mut length = 0;
    for word in text.chunks_exact(8) {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(word);
        let found = special_bytes(u64::from_le_bytes(bytes));
        if found != 0 {
            return length + found.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length + text[length..].iter().take_while(|&&byte| !SPECIAL[usize::from(byte)]).count()
}

/// The top bits of bytes that are a quote, a backslash or a control character; the lowest bit is right, those above it
/// may be too many: to subtract borrows only from what follows a byte that is one.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & TOPS;
    below(word, 32) | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5C), 1)
}

/// What ends such a run: a quote, a backslash, a control character.
static SPECIAL: [bool; 256] = special();

const fn special() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 32 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(text: &str) -> Option<Token> {
        let mut walk = Walk::new(text.as_bytes());
        let token = walk.value()?;
        (walk.at == text.len()).then_some(token)
    }

    fn inside(text: &str) -> Option<Inside> {
        match walked(text)? {
            Token::Inside(found) => Some(found),
            _ => None,
        }
    }

    #[test]
    fn values_end_where_they_end() {
        for good in ["null", "true", "false", "-1.5e3", "\"a\\u00e9\"", "{}", "[]", "[1,[2,{\"a\":[]}]]"] {
            assert!(walked(good).is_some(), "{}", good);
        }
        for bad in [
            "nul",
            "tru",
            "nulll",
            "01",
            "\"a",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\n\"",
            "{",
            "[1,]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":1,}",
            "{1:2}",
            "[1}",
            "{\"a\":1]",
            "[,1]",
            "{\"a\":,}",
            "]",
            "NaN",
            "-",
        ] {
            assert!(walked(bad).is_none(), "{}", bad);
        }
    }

    #[test]
    fn what_could_be_written_otherwise_is_seen() {
        for own in ["{\"a\":1,\"b\":{\"a\":2}}", "[{\"a\":1},{\"a\":1}]", "[\"\\n\\\\\\\"\"]", "[1.50,1E2]"] {
            let found = inside(own).unwrap();
            assert!(found.compact && found.sure, "{}", own);
        }
        for other in ["[1, 2]", "{\"a\" :1}", "[\"\\/\"]", "[\"\\u0001\"]"] {
            let found = inside(other).unwrap();
            assert!(!found.compact && found.sure, "{}", other);
        }
        let long = format!("[{}]", "1".repeat(400));
        for odd in ["{\"a\":1,\"a\":2}", "{\"\\u0061\":1}", "[1e100]", &long] {
            assert!(!inside(odd).unwrap().sure, "{}", odd);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(walked(&deep(MAX_DEPTH)).is_some());
        assert!(walked(&deep(MAX_DEPTH + 1)).is_none());
    }

    #[test]
    fn texts_are_made_our_own() {
        let written = |text: &str| {
            let mut out = Vec::new();
            push_compact(text.as_bytes(), &mut out)?;
            String::from_utf8(out).ok()
        };
        assert_eq!(written("{ \"a b\" : [ 1, \" \\\" \" ] }"), Some("{\"a b\":[1,\" \\\" \"]}".to_string()));
        assert_eq!(written("\"\\/\\u00e9\\ud83d\\ude00\""), Some("\"/é😀\"".to_string()));
        assert_eq!(written("\"\\u0022\\u005C\\u000a\\u001F\""), Some("\"\\\"\\\\\\n\\u001f\"".to_string()));
        assert_eq!(written("\"\\u0000\""), None);
        assert_eq!(written("\"\\ud83d\""), None);
    }

    #[test]
    fn escapes_are_characters() {
        let unescaped = |text: &str| {
            let mut out = Vec::new();
            push_unescaped(text.as_bytes(), &mut out)?;
            String::from_utf8(out).ok()
        };
        assert_eq!(unescaped("a\\n\\/\\u00e9\\ud83d\\ude00z"), Some("a\n/é😀z".to_string()));
        for bad in ["\\u0000", "\\ud83d", "\\ud83dx", "\\ude00", "\\ud83d\\u0041"] {
            assert_eq!(unescaped(bad), None, "{}", bad);
        }
    }
}
