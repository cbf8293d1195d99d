//! Numbers as texts: what YAML and expressions agree on.

/// Tells whether `text` is a decimal number without a sign:
/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
pub(crate) fn is_decimal(text: &str) -> bool {
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    exponent_fits
        && all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
}

/// Returns the number that a text is to an expression: blanks are 0, what is no number is `NaN`.
pub(crate) fn parse(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    // The runner reads both into 32 bits with a sign.
    if let Some(digits) = text.strip_prefix("0x") {
        return parse_radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return parse_radix(digits, 8);
    }
    let magnitude = text.strip_prefix(['-', '+']).unwrap_or(text);
    let value = match magnitude {
        "Infinity" => f64::INFINITY,
        _ if is_decimal(magnitude) => magnitude.parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    };
    if text.starts_with('-') { -value } else { value }
}

fn parse_radix(digits: &str, radix: u32) -> f64 {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return f64::NAN;
    }
    u32::from_str_radix(digits, radix).map_or(f64::NAN, |value| f64::from(value.cast_signed()))
}

/// Returns a number as text, with at most 15 significant digits.
pub(crate) fn format(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{value:.14e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let text = match exponent {
        0..15 => fixed(digits, exponent as usize + 1),
        -5..0 => format!("0.{}{digits}", "0".repeat((-exponent - 1) as usize)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let direction = if exponent < 0 { '-' } else { '+' };
            format!("{first}{point}{rest}E{direction}{:02}", exponent.abs())
        }
    };
    format!("{sign}{text}")
}

/// Writes digits with `whole` of them before the point.
fn fixed(digits: &str, whole: usize) -> String {
    if digits.len() <= whole {
        return format!("{digits}{}", "0".repeat(whole - digits.len()));
    }
    let (before, after) = digits.split_at(whole);
    format!("{before}.{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_the_runner_does() {
        for (text, expected) in [
            ("", 0.0),
            ("  ", 0.0),
            (" 12 ", 12.0),
            ("-.5", -0.5),
            ("+1.5e3", 1500.0),
            ("0xff", 255.0),
            ("0o17", 15.0),
            ("0xFFFFFFFF", -1.0),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(parse(text).to_bits(), f64::to_bits(expected), "{text}");
        }
        for text in [
            "a",
            "1_000",
            "0x",
            "0xg",
            "0o8",
            "0X1",
            "inf",
            "nan",
            "1e",
            "--1",
            "0x1FFFFFFFFF",
            "1 2",
        ] {
            assert!(parse(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn writes_numbers_as_the_runner_does() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-2.0, "-2"),
            (0.5, "0.5"),
            (123_456.789, "123456.789"),
            (0.845_512_408_225_57, "0.84551240822557"),
            (0.1 + 0.2, "0.3"),
            (120.0, "120"),
            (0.012, "0.012"),
            (1e14, "100000000000000"),
            (1e15, "1E+15"),
            (1.5e-7, "1.5E-07"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(format(value), expected);
        }
    }
}
