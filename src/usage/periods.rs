//! The bounds of periods.

use alloc::vec::Vec;

use crate::time::Timestamp;

/// The division of time into periods, each from one bound up to the next one, which is not included.
#[derive(Clone, Debug)]
pub(super) enum Periods {
    Days,
    Months,
    /// The periods between these bounds, sorted and without duplicates.
    Between(Vec<Timestamp>),
}

impl Periods {
    pub(super) fn between(bounds: impl IntoIterator<Item = Timestamp>) -> Self {
        let mut bounds: Vec<Timestamp> = bounds.into_iter().collect();
        bounds.sort_unstable();
        bounds.dedup();
        Self::Between(bounds)
    }

    /// The bounds of the period that contains a moment, if there is one.
    pub(super) fn around(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Days => Some((at.day_start(), at.next_day())),
            Self::Months => Some((at.month_start(), at.next_month())),
            Self::Between(bounds) => {
                let after = bounds.partition_point(|&bound| bound <= at);
                let start = after.checked_sub(1).and_then(|before| bounds.get(before));
                start.copied().zip(bounds.get(after).copied())
            }
        }
    }

    /// The first moment at or after another one that lies in a period.
    pub(super) fn next_inside(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Days | Self::Months => Some(at),
            Self::Between(bounds) => {
                let (first, last) = (*bounds.first()?, *bounds.last()?);
                Some(at.max(first)).filter(|&at| at < last)
            }
        }
    }
}
