//! The scale of a picture: time to units, with idle stretches folded.

use std::ops::Range;

use portcls_emulator::trace::Event;

use super::{GUTTER, WIDTH};
use crate::timeline::Timeline;

/// Time without an event or a byte is folded if it is longer than this, in ns.
const IDLE_NS: u64 = 2_500_000;
/// The length that a folded stretch has on the axis, in ns.
const FOLDED_NS: u64 = 400_000;
/// The least distance of two ticks, in units of the picture.
const TICK_UNITS: f64 = 80.0;

/// A folded stretch in the picture.
pub(super) struct Fold {
    pub left: f64,
    pub width: f64,
    pub ns: u64,
}

/// A tick of the axis.
pub(super) struct Tick {
    pub x: f64,
    pub label: String,
}

/// A stretch of the axis: where it begins in time and on the axis, and its length in time and on
/// the axis, in ns.
struct Stretch {
    time_ns: u64,
    at_ns: u64,
    length_ns: u64,
    shown_ns: u64,
}

/// The scale.
pub(super) struct Scale {
    stretches: Vec<Stretch>,
    marks: Vec<u64>,
    units_per_ns: f64,
    margin: f64,
}

impl Scale {
    pub(super) fn new(timeline: &Timeline<'_>, section: Range<usize>) -> Scale {
        let events = &timeline.tree.events;
        let mut times: Vec<(u64, u64)> = section
            .map(|event| {
                let begin_ns = events[event].time_ns;
                match events[event].event {
                    Event::Call { .. } => (begin_ns, begin_ns),
                    _ => (begin_ns, timeline.end_ns(event)),
                }
            })
            .collect();
        times.sort_unstable();
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut begin_ns = times.first().map_or(0, |&(begin_ns, _)| begin_ns);
        let (mut busy_ns, mut at_ns) = (begin_ns, 0);
        let mut push = |time_ns, length_ns, shown_ns| {
            stretches.push(Stretch { time_ns, at_ns, length_ns, shown_ns });
            at_ns += shown_ns;
        };
        for (from_ns, to_ns) in times {
            if from_ns > busy_ns + IDLE_NS {
                push(begin_ns, busy_ns - begin_ns, busy_ns - begin_ns);
                push(busy_ns, from_ns - busy_ns, FOLDED_NS);
                begin_ns = from_ns;
            }
            busy_ns = busy_ns.max(to_ns);
        }
        push(begin_ns, busy_ns - begin_ns, busy_ns - begin_ns);
        let mark = |event: &portcls_emulator::trace::TimedEvent| match event.event {
            Event::Mark(_) => Some(event.time_ns),
            _ => None,
        };
        let margin = 0.01 * (WIDTH - GUTTER);
        let units = WIDTH - GUTTER - 3.0 * margin;
        Scale {
            stretches,
            marks: events.iter().filter_map(mark).collect(),
            units_per_ns: units / at_ns.max(1_000) as f64,
            margin,
        }
    }

    /// The place of a time on the axis. A time outside of the section is at the edge.
    pub(super) fn x(&self, time_ns: u64) -> f64 {
        let index = self.stretches.partition_point(|stretch| stretch.time_ns <= time_ns);
        let at_ns = match index.checked_sub(1).map(|index| &self.stretches[index]) {
            None => return GUTTER,
            Some(stretch) => {
                let since_ns = time_ns - stretch.time_ns;
                if since_ns > stretch.length_ns {
                    return WIDTH;
                }
                let part = since_ns as f64 / stretch.length_ns.max(1) as f64;
                stretch.at_ns as f64 + part * stretch.shown_ns as f64
            }
        };
        GUTTER + self.margin + at_ns * self.units_per_ns
    }

    pub(super) fn folds(&self) -> Vec<Fold> {
        let folded = self.stretches.iter().filter(|stretch| stretch.length_ns != stretch.shown_ns);
        let fold = |stretch: &Stretch| Fold {
            left: self.x(stretch.time_ns),
            width: stretch.shown_ns as f64 * self.units_per_ns,
            ns: stretch.length_ns,
        };
        folded.map(fold).collect()
    }

    /// The ticks: times since the mark before them, in each stretch that is not folded.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let step_ns = self.step_ns();
        let mut ticks = Vec::new();
        for stretch in self.stretches.iter().filter(|one| one.length_ns == one.shown_ns) {
            let end_ns = stretch.time_ns + stretch.length_ns;
            let mut from_ns = stretch.time_ns;
            while from_ns <= end_ns {
                let index = self.marks.partition_point(|&mark_ns| mark_ns <= from_ns);
                let base_ns = index.checked_sub(1).map_or(0, |index| self.marks[index]);
                let next_ns = self.marks.get(index).copied().unwrap_or(u64::MAX);
                let stop_ns = end_ns.min(next_ns.saturating_sub(1));
                let first = (from_ns - base_ns).div_ceil(step_ns);
                let last = (stop_ns - base_ns) / step_ns;
                ticks.extend((first..=last).map(|number| Tick {
                    x: self.x(base_ns + number * step_ns),
                    label: label(number * step_ns, step_ns),
                }));
                from_ns = stop_ns + 1;
            }
        }
        ticks
    }

    /// The time between two ticks: 1, 2 or 5 times a power of ten, so that two ticks are far enough
    /// from each other.
    fn step_ns(&self) -> u64 {
        let least_ns = (TICK_UNITS / self.units_per_ns).max(1.0) as u64;
        let power = 10_u64.pow(least_ns.ilog10());
        let step_ns = [1, 2, 5, 10].map(|factor| factor * power);
        step_ns.into_iter().find(|&step_ns| step_ns >= least_ns).unwrap_or(10 * power)
    }
}

/// A time since a mark, as exact as the ticks are.
fn label(ns: u64, step_ns: u64) -> String {
    let (unit_ns, unit) = match ns {
        1_000_000_000.. => (1_000_000_000, "s"),
        1_000_000.. => (1_000_000, "ms"),
        _ => (1_000, "us"),
    };
    let decimals = (0..).find(|&digits| step_ns * 10_u64.pow(digits) >= unit_ns).unwrap_or(0);
    format!("+{:.*} {unit}", decimals as usize, ns as f64 / unit_ns as f64)
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_label_is_as_exact_as_the_ticks_are() {
        assert_eq!(label(0, 100_000), "+0 us");
        assert_eq!(label(200_000, 100_000), "+200 us");
        assert_eq!(label(12_500_000, 500_000), "+12.5 ms");
        assert_eq!(label(1_100_500, 500), "+1.1005 ms");
        assert_eq!(label(2_000_000_000, 1_000_000_000), "+2 s");
        assert_eq!(label(50, 50), "+0.05 us");
    }
}
