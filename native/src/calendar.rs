//! Days and moments of the proleptic Gregorian calendar, years 1 to 9999.

pub const DAY_MICROS: i64 = 86_400_000_000;
/// Days from 1970-01-01 to PostgreSQL's epoch, 2000-01-01.
pub const POSTGRES_EPOCH: i64 = 10_957;

/// Days since 1970-01-01 of `YYYY-MM-DD`.
pub fn day(text: &[u8]) -> Option<i64> {
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (year, month, day) = (digits(&text[..4])?, digits(&text[5..7])?, digits(&text[8..])?);
    if year < 1 || !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    Some(days_from(year, month, day))
}

/// Microseconds since 1970 in UTC of `YYYY-MM-DD[T ]HH:MM:SS[.f to nine digits][Z|±HH[[:]MM]]`.
///
/// None also for digits beyond the microsecond that are not zero.
pub fn moment(text: &[u8]) -> Option<i64> {
    let days = day(text.get(..10)?)?;
    let clock = text.get(10..19)?;
    if !matches!(clock[0], b'T' | b' ') || clock[3] != b':' || clock[6] != b':' {
        return None;
    }
    let seconds = clock_seconds(&clock[1..3], &clock[4..6], &clock[7..9])?;
    let (fraction, zone) = fraction(&text[19..])?;
    let micros = (days * 86_400 + seconds - shift(zone)?) * 1_000_000 + fraction;
    let (first, end) = (days_from(1, 1, 1) * DAY_MICROS, days_from(10_000, 1, 1) * DAY_MICROS);
    if (first..end).contains(&micros) {
        Some(micros)
    } else {
        None
    }
}

/// Microseconds of a leading `.fff`, and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    if text.first() != Some(&b'.') {
        return Some((0, text));
    }
    let length = text[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&length) {
        return None;
    }
    let nanos = digits(&text[1..=length])? * 10_i64.pow(9 - length as u32);
    if nanos % 1000 != 0 {
        return None;
    }
    Some((nanos / 1000, &text[1 + length..]))
}

/// Seconds east of UTC.
fn shift(zone: &[u8]) -> Option<i64> {
    let (sign, rest) = match zone {
        [] | [b'Z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let seconds = match rest.len() {
        2 => clock_seconds(rest, b"00", b"00")?,
        4 => clock_seconds(&rest[..2], &rest[2..], b"00")?,
        5 if rest[2] == b':' => clock_seconds(&rest[..2], &rest[3..], b"00")?,
        _ => return None,
    };
    Some(sign * seconds)
}

fn clock_seconds(hour: &[u8], minute: &[u8], second: &[u8]) -> Option<i64> {
    let (hour, minute, second) = (digits(hour)?, digits(minute)?, digits(second)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(hour * 3600 + minute * 60 + second)
}

fn digits(text: &[u8]) -> Option<i64> {
    let mut number = 0;
    for &byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(byte - b'0');
    }
    Some(number)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01; the year is counted from March, so that its leap day is its last.
fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_follows_the_day_before() {
        let mut expected = day(b"0001-01-01").unwrap();
        assert_eq!(expected, -719_162);
        for year in 1..=9999 {
            for month in 1..=12 {
                for date in 1..=days_in(year, month) {
                    let text = format!("{:04}-{:02}-{:02}", year, month, date);
                    assert_eq!(day(text.as_bytes()), Some(expected), "{}", text);
                    expected += 1;
                }
                let none = format!("{:04}-{:02}-{:02}", year, month, days_in(year, month) + 1);
                assert_eq!(day(none.as_bytes()), None);
            }
        }
        assert_eq!(day(b"2000-01-01"), Some(POSTGRES_EPOCH));
    }

    #[test]
    fn moments_are_in_utc() {
        assert_eq!(moment(b"1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(moment(b"1970-01-01 01:00:00.000001+01"), Some(1));
        assert_eq!(moment(b"1969-12-31T23:59:59.999999000"), Some(-1));
        assert_eq!(moment(b"1970-01-01T00:00:00-0130"), Some(5_400_000_000));
        for bad in ["1970-01-01T24:00:00Z", "1970-01-01T00:00:60Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00z"] {
            assert_eq!(moment(bad.as_bytes()), None, "{}", bad);
        }
        assert_eq!(moment(b"1970-01-01T00:00:00.0000001Z"), None);
        assert_eq!(moment(b"0001-01-01T00:00:00+01:00"), None);
        assert_eq!(moment(b"9999-12-31T23:59:59-01:00"), None);
    }
}
