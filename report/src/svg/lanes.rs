//! What stands in the lanes of a picture.

use std::fmt::Write as _;

use portcls_emulator::trace::{Direction, Event, Level, NameId, SerialEdge};

use super::{Band, Drawing, GUTTER, MOST_ROWS, ROW, WIDTH};
use crate::causes::{NONE, Reason, is_mistake, tells_state};
use crate::timeline::{LaneKind, Speaker, Timeline, byte_words};

/// The most arrows of a picture. A picture with more arrows would be too hard to follow, and has
/// none.
const MOST_ARROWS: usize = 12;

/// The class with the colour of a lane.
pub(super) fn class(kind: LaneKind) -> &'static str {
    match kind {
        LaneKind::Thread => "thread",
        LaneKind::Dpc => "dpc",
        LaneKind::Isr | LaneKind::Line(_) => "isr",
        LaneKind::Accesses => "read",
        LaneKind::Waiting | LaneKind::Signal(_) => "write",
        LaneKind::Out(_) => "out",
        LaneKind::In(_) => "in",
        LaneKind::Findings => "bad",
        LaneKind::Scenario | LaneKind::Irql | LaneKind::Device => "text",
    }
}

fn level_class(level: Level) -> &'static str {
    match level {
        Level::Hardware | Level::Passive => "thread",
        Level::Dispatch => "dpc",
        Level::Device | Level::Raised => "isr",
    }
}

/// The row of an event in its lane: how many calls of the same lane are around it.
pub(super) fn row(timeline: &Timeline<'_>, event: usize) -> u32 {
    let lane = timeline.lane_of[event];
    let mut row = 0;
    let mut around = timeline.parent_of[event];
    while around != NONE && row + 1 < MOST_ROWS {
        if timeline.lane_of[around as usize] == lane {
            row += 1;
        }
        around = timeline.parent_of[around as usize];
    }
    row
}

impl Drawing<'_, '_> {
    pub(super) fn draw_lane(&mut self, index: usize) {
        let lane = &self.timeline.lanes[self.bands[index].number];
        match lane.kind {
            LaneKind::Scenario => self.draw_marks(index),
            LaneKind::Findings => self.draw_findings(index),
            LaneKind::Thread | LaneKind::Dpc | LaneKind::Isr | LaneKind::Device => {
                self.draw_spans(index);
            }
            LaneKind::Irql => {
                let steps = self.timeline.irql.iter();
                let steps = steps.map(|&(event, level)| (event, u32::from(level))).collect();
                self.draw_steps(index, steps, 3);
            }
            LaneKind::Accesses => self.draw_accesses(index),
            LaneKind::Line(name) | LaneKind::Signal(name) => {
                let steps = self.signal(name);
                let most = steps.iter().map(|&(_, value)| value).max().unwrap_or(1);
                self.draw_steps(index, steps, most.max(1));
            }
            LaneKind::Waiting => {
                let steps = self.timeline.waiting.clone();
                let most = steps.iter().map(|&(_, value)| value).max().unwrap_or(1);
                self.draw_steps(index, steps, most.max(1));
            }
            LaneKind::Out(_) | LaneKind::In(_) => self.draw_bytes(index),
        }
    }

    fn x0(&self, event: usize) -> f64 {
        self.scale.x(self.timeline.tree.events[event].time_ns)
    }

    fn x1(&self, event: usize) -> f64 {
        self.scale.x(self.timeline.end_ns(event))
    }

    /// The events of a lane in the section.
    fn events_of(&self, index: usize) -> Vec<usize> {
        let lane = self.bands[index].number as u8;
        self.section.clone().filter(|&event| self.timeline.lane_of[event] == lane).collect()
    }

    fn draw_marks(&mut self, index: usize) {
        let Band { top, height, .. } = self.bands[index];
        let events = self.events_of(index);
        for (at, &event) in events.iter().enumerate() {
            let x = self.x0(event);
            let next = events.get(at + 1).map_or(WIDTH, |&next| self.x0(next));
            let _ = writeln!(
                self.out,
                "<rect class=\"h\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"1.6\" \
                 height=\"{height:.1}\"/>"
            );
            let words = self.words(event);
            self.text(x + 6.0, top + height / 2.0 + 4.0, "b", &words, next - x - 10.0);
        }
    }

    fn draw_findings(&mut self, index: usize) {
        let Band { top, height, .. } = self.bands[index];
        let middle = top + height / 2.0;
        for event in self.events_of(index) {
            let x = self.x0(event);
            let _ = writeln!(
                self.out,
                "<path class=\"bad\" d=\"M{:.1} {:.1}l6 -12l6 12z\"/>",
                x - 6.0,
                middle + 6.0
            );
            let words = self.words(event);
            self.text(x + 10.0, middle + 4.0, "b", &words, WIDTH - x - 12.0);
        }
    }

    fn words(&self, event: usize) -> String {
        let event = &self.timeline.tree.events[event];
        let words = Speaker::new(self.timeline.tree.log, self.legend).words(event);
        words.strip_prefix("call ").map_or(words.clone(), str::to_owned)
    }

    fn draw_spans(&mut self, index: usize) {
        let Band { number, top, rows, .. } = self.bands[index];
        let mut events = self.events_of(index);
        let mut around =
            self.section.clone().next().map_or(NONE, |first| self.timeline.parent_of[first]);
        while around != NONE {
            if usize::from(self.timeline.lane_of[around as usize]) == number {
                events.insert(0, around as usize);
            }
            around = self.timeline.parent_of[around as usize];
        }
        let mut painted = [f64::MIN; MOST_ROWS as usize];
        for (at, &event) in events.iter().enumerate() {
            let found = &self.timeline.tree.events[event];
            if matches!(found.event, Event::Return { .. }) {
                continue;
            }
            let row = row(self.timeline, event).min(rows - 1);
            let y = top + 4.0 + ROW * f64::from(row);
            let (x0, x1) = (self.x0(event), self.x1(event).max(self.x0(event)));
            let last = &mut painted[row as usize];
            if x1 < *last + 0.5 {
                continue;
            }
            *last = last.max(x1);
            let class = level_class(found.level);
            if x1 - x0 >= 2.0 {
                let _ = writeln!(
                    self.out,
                    "<rect class=\"{class} s\" x=\"{x0:.1}\" y=\"{y:.1}\" width=\"{:.1}\" \
                     height=\"{:.1}\"/>",
                    x1 - x0,
                    ROW - 3.0
                );
                let words = self.words(event);
                self.text(x0.max(GUTTER) + 5.0, y + 14.0, "", &words, x1 - x0 - 8.0);
                continue;
            }
            let middle = y + (ROW - 3.0) / 2.0;
            let _ = writeln!(
                self.out,
                "<path class=\"{class}\" d=\"M{:.1} {middle:.1}l4 -4l4 4l-4 4z\"/>",
                x0 - 4.0
            );
            let next = events[at + 1..].iter().find(|&&next| {
                let is_return =
                    matches!(self.timeline.tree.events[next].event, Event::Return { .. });
                self::row(self.timeline, next).min(rows - 1) == row && !is_return
            });
            let room = next.map_or(WIDTH, |&next| self.x0(next)) - x0 - 16.0;
            if room > 30.0 {
                let words = self.words(event);
                self.text(x0 + 7.0, middle + 4.0, "", &words, room);
            }
        }
    }

    fn draw_accesses(&mut self, index: usize) {
        let Band { top, height, .. } = self.bands[index];
        let (middle, half) = (top + height / 2.0, height / 2.0 - 5.0);
        let events = self.events_of(index);
        let mut painted = [f64::MIN; 2];
        for (at, &event) in events.iter().enumerate() {
            let Event::Access(access) = self.timeline.tree.events[event].event else { continue };
            let side = usize::from(access.direction == Direction::Write);
            let (x0, x1) = (self.x0(event), self.x1(event));
            if x1 < painted[side] + 0.5 {
                continue;
            }
            painted[side] = x1;
            let note = self.timeline.tree.log.name(access.note);
            let class = match access.direction {
                Direction::Read => "read",
                Direction::Write if is_mistake(note) => "bad",
                Direction::Write => "write",
            };
            let digits = 2 * usize::from(access.width);
            let mut label = format!("{:0digits$X}", access.value);
            let is_same_side = |&&next: &&usize| {
                matches!(self.timeline.tree.events[next].event, Event::Access(other)
                    if other.direction == access.direction)
            };
            let next = events[at + 1..].iter().find(is_same_side);
            let room = next.map_or(WIDTH, |&next| self.x0(next)) - x0;
            let y = match access.direction {
                Direction::Write => {
                    let bottom = middle + half;
                    let _ = writeln!(
                        self.out,
                        "<path class=\"{class}\" d=\"M{x0:.1} {middle:.1}V{bottom:.1}\
                         l-3 -5h6l-3 5\"/>"
                    );
                    middle + half / 2.0 + 4.0
                }
                Direction::Read if x1 - x0 >= 3.0 => {
                    let y = middle - half * 0.75;
                    let _ = writeln!(
                        self.out,
                        "<rect class=\"read s\" x=\"{x0:.1}\" y=\"{y:.1}\" width=\"{:.1}\" \
                         height=\"{:.1}\"/>",
                        x1 - x0,
                        half * 0.75
                    );
                    label = format!("x{} {label}", access.count);
                    self.text(x0 + 4.0, middle - half / 4.0, "x", &label, x1 - x0 - 4.0);
                    continue;
                }
                Direction::Read => {
                    let (takes, radius) = if tells_state(note) { (0.75, 0.0) } else { (1.0, 2.5) };
                    let y = middle - half * takes;
                    let _ = writeln!(
                        self.out,
                        "<path class=\"read\" d=\"M{x0:.1} {middle:.1}V{y:.1}\"/>\
                         <circle class=\"read\" cx=\"{x0:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>"
                    );
                    middle - half / 2.0
                }
            };
            if room > 24.0 {
                self.text(x0 + 5.0, y, "x", &label, room);
            }
        }
    }

    fn signal(&self, name: NameId) -> Vec<(u32, u32)> {
        let events = self.timeline.tree.events.iter().enumerate();
        let steps = events.filter_map(|(number, event)| match event.event {
            Event::Signal { signal, value } if signal == name => Some((number as u32, value)),
            _ => None,
        });
        steps.collect()
    }

    /// A value over time, as one line. In the lane of the IRQL, each piece of the line has the
    /// colour of its level.
    fn draw_steps(&mut self, index: usize, steps: Vec<(u32, u32)>, most: u32) {
        let Band { number, top, height, .. } = self.bands[index];
        let kind = self.timeline.lanes[number].kind;
        let (high, low) = (top + 7.0, top + height - 7.0);
        let y = |value: u32| low - (low - high) * f64::from(value.min(most)) / f64::from(most);
        let class = |value: u32| match (kind, value) {
            (LaneKind::Irql, 0) => "thread",
            (LaneKind::Irql, 2) => "dpc",
            (LaneKind::Irql, _) => "isr",
            _ => class(kind),
        };
        let begin = self.section.start as u32;
        let before = steps.iter().take_while(|&&(event, _)| event < begin).last();
        let mut value = before.map_or(0, |&(_, value)| value);
        let mut x = GUTTER;
        let inside = steps.iter().filter(|step| self.section.contains(&(step.0 as usize)));
        let mut places: Vec<(f64, u32, u32)> = Vec::new();
        for &(event, next) in inside {
            let at = self.x0(event as usize);
            match places.last_mut() {
                // Several changes at one place become a line up to the highest value.
                Some(last) if at < last.0 + 0.5 => (last.1, last.2) = (last.1.max(next), next),
                _ => places.push((at, next, next)),
            }
        }
        places.push((WIDTH, u32::MAX, 0));
        for (at, highest, next) in places {
            let level = y(value);
            let class_now = class(value);
            if value > 0 {
                let _ = writeln!(
                    self.out,
                    "<path class=\"{class_now} s\" stroke=\"none\" \
                     d=\"M{x:.1} {low:.1}V{level:.1}H{at:.1}V{low:.1}z\"/>"
                );
            }
            let riser = match highest {
                u32::MAX => String::new(),
                highest => {
                    let (top, bottom) = (y(highest.max(value)), y(next.min(value)));
                    let class = class(highest.max(value));
                    format!("<path class=\"{class}\" d=\"M{at:.1} {bottom:.1}V{top:.1}\"/>")
                }
            };
            let _ = writeln!(
                self.out,
                "<path class=\"{class_now}\" d=\"M{x:.1} {level:.1}H{at:.1}\"/>{riser}"
            );
            (x, value) = (at, next);
        }
        if kind == LaneKind::Irql {
            for (letter, value) in [("P", 0), ("D", 2), ("I", 3)] {
                self.text(GUTTER - 13.0, y(value) + 4.0, "m", letter, 13.0);
            }
        }
    }

    fn draw_bytes(&mut self, index: usize) {
        let Band { number, top, height, .. } = self.bands[index];
        let class = class(self.timeline.lanes[number].kind);
        let (meanings, meaning_of) = byte_words(&self.timeline.tree, self.legend);
        let (middle, half) = (top + height / 2.0, height / 2.0 - 4.0);
        let mut painted = f64::MIN;
        for event in self.events_of(index) {
            let Event::Serial { byte, edge: SerialEdge::Start, .. } =
                self.timeline.tree.events[event].event
            else {
                continue;
            };
            let (x0, x1) = (self.x0(event), self.x1(event));
            if x1 < painted + 0.5 {
                continue;
            }
            painted = x1;
            let slant = ((x1 - x0) / 3.0).min(6.0);
            let _ = writeln!(
                self.out,
                "<path class=\"{class} s\" d=\"M{x0:.1} {middle:.1}l{slant:.1} -{half:.1}H{:.1}\
                 l{slant:.1} {half:.1}l-{slant:.1} {half:.1}H{:.1}z\"/>",
                x1 - slant,
                x0 + slant
            );
            let meaning = match meaning_of[event] {
                NONE => "",
                number => &meanings[number as usize],
            };
            let words = format!("{byte:02X} {meaning}");
            self.text(x0 + 7.0, middle + 4.0, "", words.trim_end(), x1 - x0 - 12.0);
        }
    }

    /// Draws an arrow from each trigger to the event that it set off, where both events are in the
    /// picture.
    pub(super) fn draw_arrows(&mut self) {
        let arrows: Vec<(usize, usize)> =
            self.section.clone().filter_map(|event| self.arrow_to(event)).collect();
        if arrows.len() > MOST_ARROWS {
            return;
        }
        for (from, to) in arrows {
            let (x0, x1) = (self.x0(from), self.x0(to));
            let (Some(y0), Some(y1)) = (self.middle(from), self.middle(to)) else { continue };
            let bend = if (x1 - x0).abs() < 8.0 { 0.0 } else { (x1 - x0) / 2.0 };
            let _ = writeln!(
                self.out,
                "<path class=\"a\" d=\"M{x0:.1} {y0:.1}C{:.1} {y0:.1} {:.1} {y1:.1} \
                 {x1:.1} {y1:.1}\"/>\
                 <circle class=\"h\" cx=\"{x0:.1}\" cy=\"{y0:.1}\" r=\"2.2\"/>",
                x0 + bend,
                x1 - bend
            );
            let head = match bend == 0.0 {
                true if y1 < y0 => "l-3.5 7h7z",
                true => "l-3.5 -7h7z",
                false => "l-7 -3.5v7z",
            };
            let _ = writeln!(self.out, "<path class=\"h\" d=\"M{x1:.1} {y1:.1}{head}\"/>");
        }
    }

    fn arrow_to(&self, event: usize) -> Option<(usize, usize)> {
        let cause = &self.timeline.tree.causes[event];
        let is_start = !matches!(
            self.timeline.tree.events[event].event,
            Event::Serial { edge: SerialEdge::End, .. }
        );
        let tells = matches!(
            cause.reason,
            Reason::LineRose | Reason::CameIn | Reason::Queued | Reason::Written
        );
        let from = match cause.reason {
            Reason::LaneFree => cause.trigger().filter(|&from| Some(from) != cause.event()),
            _ if tells => cause.event(),
            _ => None,
        };
        let goes_over = |from: &usize| self.timeline.lane_of[*from] != self.timeline.lane_of[event];
        from.filter(|from| is_start && self.section.contains(from) && goes_over(from))
            .map(|from| (from, event))
    }

    fn middle(&self, event: usize) -> Option<f64> {
        let lane = usize::from(self.timeline.lane_of[event]);
        let band = self.bands.iter().find(|band| band.number == lane)?;
        let kind = self.timeline.lanes[lane].kind;
        Some(match (kind, self.timeline.tree.events[event].event) {
            (LaneKind::Thread | LaneKind::Dpc | LaneKind::Isr, _) => {
                let row = row(self.timeline, event).min(band.rows - 1);
                band.top + 4.0 + ROW * f64::from(row) + (ROW - 3.0) / 2.0
            }
            (_, Event::Access(access)) if access.direction == Direction::Write => {
                band.top + band.height * 0.75
            }
            _ => band.top + band.height / 2.0,
        })
    }
}
