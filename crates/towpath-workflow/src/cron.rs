//! Whether five fields of cron are right.

/// A field: its least and greatest value and the names of its values.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        least: 0,
        most: 59,
        names: &[],
    },
    Field {
        name: "hour",
        least: 0,
        most: 23,
        names: &[],
    },
    Field {
        name: "day of the month",
        least: 1,
        most: 31,
        names: &[],
    },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Field {
        name: "day of the week",
        least: 0,
        most: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

/// Returns what is wrong with a cron expression.
pub(crate) fn mistake(cron: &str) -> Option<String> {
    let parts: Vec<&str> = cron.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Some(format!("it has {} fields, not 5", parts.len()));
    }
    parts
        .iter()
        .zip(&FIELDS)
        .find(|(part, field)| !field.accepts(part))
        .map(|(part, field)| {
            format!(
                "`{part}` is no {} from {} to {}",
                field.name, field.least, field.most
            )
        })
}

impl Field {
    fn accepts(&self, text: &str) -> bool {
        text.split(',').all(|part| self.accepts_part(part))
    }

    fn accepts_part(&self, part: &str) -> bool {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        step.is_none_or(|step| {
            step.parse::<u32>()
                .is_ok_and(|step| step > 0 && step <= self.most.max(1))
        }) && self.accepts_range(range)
    }

    fn accepts_range(&self, range: &str) -> bool {
        if range == "*" {
            return true;
        }
        match range.split_once('-') {
            Some((first, last)) => match (self.value(first), self.value(last)) {
                (Some(first), Some(last)) => first <= last,
                _ => false,
            },
            None => self.value(range).is_some(),
        }
    }

    fn value(&self, text: &str) -> Option<u32> {
        if let Some(index) = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))
        {
            return Some(index as u32 + self.least);
        }
        text.parse()
            .ok()
            .filter(|value| (self.least..=self.most).contains(value))
    }
}

#[cfg(test)]
mod tests {
    use super::mistake;

    #[test]
    fn accepts_what_github_accepts() {
        for cron in [
            "0 0 * * *",
            "*/15 * * * *",
            "0 4 * * 1-5",
            "30 5,17 * * *",
            "0 0 1 JAN-MAR sun",
            "1-59/2 0  * * 6",
        ] {
            assert_eq!(mistake(cron), None, "{cron}");
        }
    }

    #[test]
    fn says_which_field_is_wrong() {
        for (cron, expected) in [
            ("@daily", "it has 1 fields, not 5"),
            ("0 0 * *", "it has 4 fields, not 5"),
            ("60 0 * * *", "`60` is no minute from 0 to 59"),
            ("0 24 * * *", "`24` is no hour from 0 to 23"),
            ("0 0 0 * *", "`0` is no day of the month from 1 to 31"),
            ("0 0 * 13 *", "`13` is no month from 1 to 12"),
            ("0 0 * * 7", "`7` is no day of the week from 0 to 6"),
            ("*/0 * * * *", "`*/0` is no minute from 0 to 59"),
            ("5-1 * * * *", "`5-1` is no minute from 0 to 59"),
            ("a * * * *", "`a` is no minute from 0 to 59"),
            ("1,,2 * * * *", "`1,,2` is no minute from 0 to 59"),
        ] {
            assert_eq!(mistake(cron).as_deref(), Some(expected), "{cron}");
        }
    }
}
