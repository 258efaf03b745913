//! Numbers as JSON writes them, and PostgreSQL's numeric.

pub const MAX_DIGITS: usize = 1000;
/// Bytes before a numeric's digits: its length, how many groups, the weight of the first, sign, decimal places.
const HEAD: usize = 12;

/// A JSON number's parts; each is made of digits, `exponent` with its sign.
#[derive(Debug, PartialEq, Eq)]
pub struct Number<'a> {
    pub negative: bool,
    pub whole: &'a [u8],
    pub fraction: &'a [u8],
    pub exponent: &'a [u8],
    /// Bytes of the text that the number takes.
    pub length: usize,
}

impl<'a> Number<'a> {
    /// The number that a text begins with.
    pub fn read(text: &'a [u8]) -> Option<Number<'a>> {
        let negative = text.first() == Some(&b'-');
        let start = usize::from(negative);
        let mut at = start + count_digits(&text[start..]);
        let whole = &text[start..at];
        if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
            return None;
        }
        let mut fraction: &[u8] = b"";
        if text.get(at) == Some(&b'.') {
            let length = count_digits(&text[at + 1..]);
            if length == 0 {
                return None;
            }
            fraction = &text[at + 1..at + 1 + length];
            at += 1 + length;
        }
        let mut exponent: &[u8] = b"";
        if matches!(text.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
            let length = count_digits(text.get(at + 1 + sign..)?);
            if length == 0 {
                return None;
            }
            exponent = &text[at + 1..at + 1 + sign + length];
            at += 1 + sign + length;
        }
        Some(Number { negative, whole, fraction, exponent, length: at })
    }

    pub fn is_integer(&self) -> bool {
        self.fraction.is_empty() && self.exponent.is_empty()
    }

    /// Whether it is far from every bound on a number's length.
    pub fn is_short(&self) -> bool {
        let signed = matches!(self.exponent.first(), Some(b'+' | b'-'));
        self.whole.len() + self.fraction.len() <= MAX_DIGITS / 4 && self.exponent.len() <= 2 + usize::from(signed)
    }

    /// The integer, where it is one and 64 bits hold it.
    pub fn integer(&self) -> Option<i64> {
        if !self.is_integer() || self.whole.len() > 19 {
            return None;
        }
        let mut number: i128 = 0;
        for &digit in self.whole {
            number = number * 10 + i128::from(digit - b'0');
        }
        i64::try_from(if self.negative { -number } else { number }).ok()
    }
}

fn count_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Append PostgreSQL's numeric with its length before it; None where a digit would be lost, or with an exponent.
///
/// Without a precision it has the fewest digits.
pub fn push_numeric(number: &Number, precision: Option<usize>, scale: usize, out: &mut Vec<u8>) -> Option<()> {
    if !number.exponent.is_empty() {
        return None;
    }
    let kept = number.fraction.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    let whole = if number.whole == b"0" { &b""[..] } else { number.whole };
    let places = match precision {
        Some(most) if kept <= scale && whole.len() + scale <= most => scale,
        Some(_) => return None,
        None if whole.len() + kept <= MAX_DIGITS => kept,
        None => return None,
    };
    let lead = (4 - whole.len() % 4) % 4;
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    let skipped = push_groups(whole.iter().chain(&number.fraction[..kept]), lead, out);
    let count = (out.len() - start - HEAD) / 2;
    let weight = if count == 0 { 0 } else { (whole.len() + lead) as i16 / 4 - 1 - skipped };
    let sign: u16 = if number.negative && count > 0 { 0x4000 } else { 0 };
    let head = &mut out[start..start + HEAD];
    head[..4].copy_from_slice(&(8 + 2 * count as i32).to_be_bytes());
    head[4..6].copy_from_slice(&(count as i16).to_be_bytes());
    head[6..8].copy_from_slice(&weight.to_be_bytes());
    head[8..10].copy_from_slice(&sign.to_be_bytes());
    head[10..].copy_from_slice(&(places as i16).to_be_bytes());
    Some(())
}

/// Append the digits in groups of four, the first of which lacks `lead`, without zeros at either end.
///
/// Returns how many groups of zeros were left out before the first.
fn push_groups<'a>(digits: impl Iterator<Item = &'a u8>, lead: usize, out: &mut Vec<u8>) -> i16 {
    let (mut group, mut filled, mut skipped) = (0_i16, lead, 0);
    let (start, mut end) = (out.len(), out.len());
    for digit in digits.chain(b"000") {
        group = group * 10 + i16::from(digit - b'0');
        filled += 1;
        if filled < 4 {
            continue;
        }
        if group == 0 && end == start {
            skipped += 1;
        } else {
            out.extend_from_slice(&group.to_be_bytes());
            end = if group == 0 { end } else { out.len() };
        }
        (group, filled) = (0, 0);
    }
    out.truncate(end);
    skipped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(text: &str, precision: Option<usize>, scale: usize) -> Option<Vec<i16>> {
        let mut out = Vec::new();
        push_numeric(&Number::read(text.as_bytes())?, precision, scale, &mut out)?;
        Some(out[4..].chunks(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect())
    }

    #[test]
    fn numbers_are_cut_where_they_end() {
        let found = Number::read(b"-12.50e+3,").unwrap();
        assert_eq!(
            (found.negative, found.whole, found.fraction, found.exponent),
            (true, &b"12"[..], &b"50"[..], &b"+3"[..])
        );
        assert_eq!(found.length, 9);
        for bad in ["", "-", "01", "+1", ".5", "1.", "1e", "1e+", "a"] {
            assert!(Number::read(bad.as_bytes()).map_or(true, |found| found.length < bad.len()), "{}", bad);
        }
    }

    #[test]
    fn integers_have_64_bits() {
        let read = |text: &'static str| Number::read(text.as_bytes()).unwrap().integer();
        assert_eq!(read("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(read("9223372036854775807"), Some(i64::MAX));
        assert_eq!(read("9223372036854775808"), None);
        assert_eq!(read("-0"), Some(0));
        assert_eq!(read("1.0"), None);
    }

    #[test]
    fn numerics_are_groups_of_four_digits() {
        assert_eq!(numeric("0", Some(18), 4), Some(vec![0, 0, 0, 4]));
        assert_eq!(numeric("-0.0", Some(18), 4), Some(vec![0, 0, 0, 4]));
        assert_eq!(numeric("12.5", Some(18), 4), Some(vec![2, 0, 0, 4, 12, 5000]));
        assert_eq!(numeric("-10000", Some(18), 4), Some(vec![1, 1, 0x4000, 4, 1]));
        assert_eq!(numeric("0.0001", Some(18), 4), Some(vec![1, -1, 0, 4, 1]));
        assert_eq!(numeric("0.00001000", None, 0), Some(vec![1, -2, 0, 5, 1000]));
        assert_eq!(numeric("12345.678900", None, 0), Some(vec![3, 1, 0, 4, 1, 2345, 6789]));
        assert_eq!(numeric("99999999999999.9999", Some(18), 4).map(|all| all.len()), Some(9));
        assert_eq!(numeric("100000000000000", Some(18), 4), None);
        assert_eq!(numeric("0.00001", Some(18), 4), None);
        assert_eq!(numeric("1e2", Some(18), 4), None);
        let long = |whole: usize, places: usize| format!("{}.{}", "1".repeat(whole), "1".repeat(places));
        assert!(numeric(&long(500, 500), None, 0).is_some());
        assert!(numeric(&long(500, 501), None, 0).is_none());
    }
}
