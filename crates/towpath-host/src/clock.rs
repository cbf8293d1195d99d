//! The clock: the only place where the time is read. Everything else is handed values.

use std::time::{Duration, Instant, SystemTime};

/// Returns the seconds since 1970 UTC.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Returns today's date in UTC, such as `2026-11-21`.
pub fn utc_date() -> String {
    date_of(now())
}

/// Returns the UTC date of a moment given in seconds since 1970; a moment outside the calendar is
/// `1970-01-01`.
pub fn date_of(seconds: i64) -> String {
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.strftime("%Y-%m-%d").to_string()
}

/// Returns a moment given in seconds since 1970 UTC as RFC 3339 writes it: `2026-11-21T09:41:00Z`.
pub fn timestamp(seconds: i64) -> String {
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_string()
}

/// Returns a moment (seconds since 1970 UTC) as the user's time of day, with the date if it is not today.
pub fn local_time(seconds: i64) -> String {
    let zone = jiff::tz::TimeZone::system();
    let at = |seconds: i64| {
        jiff::Timestamp::from_second(seconds).map(|time| time.to_zoned(zone.clone()))
    };
    let (Ok(moment), Ok(today)) = (at(seconds), at(now())) else {
        return String::new();
    };
    let form = if moment.date() == today.date() {
        "%H:%M"
    } else {
        "%-d %b %H:%M"
    };
    moment.strftime(form).to_string()
}

/// Returns the moment in the system's own type, for comparing with times of files.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is read here and nowhere else"
)]
pub fn system_time() -> SystemTime {
    SystemTime::now()
}

/// Measures durations on the monotonic clock, which no correction of the time disturbs.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts a stopwatch.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Returns the time since the start in milliseconds.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_utc() {
        assert_eq!(date_of(0), "1970-01-01");
        assert_eq!(date_of(1_700_000_000), "2023-11-14");
        assert_eq!(date_of(i64::MAX), "1970-01-01");
    }
}
