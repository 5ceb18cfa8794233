//! Moments, as RFC 3339 writes them.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, Month, OffsetDateTime, Time};

/// Letters of a moment: `2026-03-01T12:00:00.000000000Z`. Always as many, so that the order of texts is that of
/// moments.
pub(crate) const LETTERS: usize = 30;

/// A moment of the wall clock in nanoseconds since 1970, UTC. As text it is RFC 3339 with nine digits behind the point.
///
/// A wall clock can be set: of two records the one with the lower `seq` came first, whatever their times say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Now.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// From nanoseconds since 1970.
    pub fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// Nanoseconds since 1970.
    pub fn nanoseconds(self) -> u64 {
        self.0
    }

    /// Reads RFC 3339 in UTC with nine digits behind the point, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?
        };
        let small = |from: usize| u8::try_from(number(from, from + 2)?).ok();
        let year = i32::try_from(number(0, 4)?).ok()?;
        let date = Date::from_calendar_date(year, Month::try_from(small(5)?).ok()?, small(8)?).ok()?;
        let time = Time::from_hms_nano(small(11)?, small(14)?, small(17)?, number(20, 29)?).ok()?;
        let moment = Self(u64::try_from(OffsetDateTime::new_utc(date, time).unix_timestamp_nanos()).ok()?);
        // The letters between the numbers, and that there are no more, is told by writing it again.
        (moment.to_string() == text).then_some(moment)
    }
}

impl From<SystemTime> for Timestamp {
    /// A moment before 1970 is 1970, one after 2554 is the last there is.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let ((year, month, day), (hour, minute, second, nano)) = (moment.to_calendar_date(), moment.to_hms_nano());
        let month = u8::from(month);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nano:09}Z")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no time such as 2026-03-01T12:00:00.000000000Z"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn moments_survive_the_journey_and_sort_as_text(one: u64, other: u64) {
            let (one, other) = (Timestamp(one), Timestamp(other));
            let (text, more) = (one.to_string(), other.to_string());
            prop_assert_eq!(text.len(), LETTERS);
            prop_assert_eq!(Timestamp::parse(&text), Some(one));
            prop_assert_eq!(text.cmp(&more), one.cmp(&other));
        }

        #[test]
        fn any_text_can_be_read(text in "[0-9]{4}-?[0-9é:.TZ-]{0,30}") {
            let _ = Timestamp::parse(&text);
        }
    }

    #[test]
    fn a_moment_is_written_as_rfc_3339_has_it() {
        assert_eq!(Timestamp(951_782_400_000_000_007).to_string(), "2000-02-29T00:00:00.000000007Z");
        assert_eq!(Timestamp::parse("2000-02-30T00:00:00.000000007Z"), None);
        assert_eq!(Timestamp::parse("2000-02-29T00:00:00.000000007+"), None);
    }
}
