//! A section of a trace as a picture: SVG, for a document or a slide.
//!
//! The picture has the lanes of the page in the same order. It leaves out lanes in which nothing
//! happens. Its own style makes it light or dark as the reader's screen is. The picture has one
//! size; a viewer scales it. Things that are narrower than half a unit of the picture are drawn
//! together, so the size of the file depends on the picture and not on the number of events.

mod lanes;
mod scale;

use std::fmt::Write as _;
use std::ops::Range;

use portcls_emulator::trace::{Event, TraceLog};

use crate::legend::Legend;
use crate::text::Header;
use crate::timeline::{FindingsLane, Lane, LaneKind, Timeline};
use scale::Scale;

/// The width of the picture, of the names of the lanes, and the height of the axis, in units of the
/// picture.
const WIDTH: f64 = 1100.0;
const GUTTER: f64 = 118.0;
const AXIS: f64 = 26.0;
/// The height of a row of spans.
const ROW: f64 = 22.0;
/// The most rows of spans of one lane.
const MOST_ROWS: u32 = 4;

/// The colours. The light colours are the default.
const STYLE: &str = "\
svg{--g:#fff;--p:#f6f7f9;--r:#dfe3e8;--t:#1a1f27;--m:#566070;--thread:#8a94a6;--dpc:#0072b2;\
--isr:#d55e00;--read:#00805d;--write:#a3357a;--out:#1c7fb8;--in:#a86f00;--bad:#c1121f;--s:.16}
@media(prefers-color-scheme:dark){svg{--g:#11141a;--p:#181c24;--r:#2b323e;--t:#e8ebf0;--m:#a3adbd;\
--thread:#8b97aa;--dpc:#58aee8;--isr:#ff9148;--read:#3ecf9f;--write:#e58cc4;--out:#63bff2;\
--in:#f0b440;--bad:#ff6b74;--s:.24}}
text{font:11.5px system-ui,'Segoe UI','DejaVu Sans',sans-serif;fill:var(--t)}
.b{font-weight:600}.m{fill:var(--m)}.x{font-family:ui-monospace,'DejaVu Sans Mono',monospace}
.thread{fill:var(--thread);stroke:var(--thread)}.dpc{fill:var(--dpc);stroke:var(--dpc)}
.isr{fill:var(--isr);stroke:var(--isr)}.read{fill:var(--read);stroke:var(--read)}
.write{fill:var(--write);stroke:var(--write)}.out{fill:var(--out);stroke:var(--out)}
.in{fill:var(--in);stroke:var(--in)}.bad{fill:var(--bad);stroke:var(--bad)}
.text{fill:var(--t);stroke:var(--t)}
.s{fill-opacity:var(--s)}.n{fill:none}.a{stroke:var(--t);fill:none;stroke-width:1.3}
.h{fill:var(--t)}.bg{fill:var(--g)}.pa{fill:var(--p)}.ru{fill:var(--r)}.fo{fill:var(--r);\
fill-opacity:.45}
";

/// One lane of the picture with its place.
struct Band {
    number: usize,
    top: f64,
    height: f64,
    rows: u32,
}

/// A picture that is being drawn.
struct Drawing<'t, 'a> {
    timeline: &'t Timeline<'a>,
    legend: &'t Legend,
    scale: Scale,
    /// The events of the section.
    section: Range<usize>,
    bands: Vec<Band>,
    out: String,
}

/// Draws the events of a section, given by their numbers. A section without events gives an empty
/// picture.
#[must_use]
pub fn picture(log: &TraceLog, header: &Header, legend: &Legend, section: Range<usize>) -> String {
    let timeline = Timeline::new(log, legend, FindingsLane::WhenNeeded);
    let end = section.end.min(timeline.tree.events.len());
    let section = section.start.min(end)..end;
    let scale = Scale::new(&timeline, section.clone());
    let bands = bands(&timeline, &section);
    let height = bands.last().map_or(AXIS, |band| band.top + band.height) + 22.0;
    let mut drawing =
        Drawing { timeline: &timeline, legend, scale, section, bands, out: String::new() };
    drawing.begin(header, height);
    drawing.draw_axis(height - 22.0);
    for index in 0..drawing.bands.len() {
        drawing.draw_lane(index);
    }
    drawing.draw_arrows();
    drawing.end(header, height);
    drawing.out
}

/// The lanes in which something happens, with their places.
fn bands(timeline: &Timeline<'_>, section: &Range<usize>) -> Vec<Band> {
    let mut rows = vec![0; timeline.lanes.len()];
    for event in section.clone() {
        if matches!(timeline.tree.events[event].event, Event::Return { .. }) {
            continue;
        }
        let lane = usize::from(timeline.lane_of[event]);
        rows[lane] = rows[lane].max(lanes::row(timeline, event) + 1);
        // The span around the first events may have begun before the section.
        let around = timeline.parent_of[event];
        if around != crate::causes::NONE {
            let lane = usize::from(timeline.lane_of[around as usize]);
            rows[lane] = rows[lane].max(lanes::row(timeline, around as usize) + 1);
        }
    }
    let mut top = AXIS;
    let mut bands = Vec::new();
    for (number, lane) in timeline.lanes.iter().enumerate() {
        let is_always = matches!(lane.kind, LaneKind::Irql)
            || (lane.kind == LaneKind::Waiting
                && timeline.waiting.iter().any(|(event, _)| section.contains(&(*event as usize))));
        if rows[number] == 0 && !is_always {
            continue;
        }
        let rows = rows[number].clamp(1, MOST_ROWS);
        let height = height(lane, rows);
        bands.push(Band { number, top, height, rows });
        top += height;
    }
    bands
}

fn height(lane: &Lane, rows: u32) -> f64 {
    match lane.kind {
        LaneKind::Thread | LaneKind::Dpc | LaneKind::Isr => 8.0 + ROW * f64::from(rows),
        LaneKind::Scenario | LaneKind::Findings | LaneKind::Device => 24.0,
        LaneKind::Irql => 52.0,
        LaneKind::Accesses => 50.0,
        _ => 32.0,
    }
}

impl Drawing<'_, '_> {
    fn begin(&mut self, header: &Header, height: f64) {
        let title = escaped(&header.machine);
        let _ = write!(
            self.out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
             <title>A trace of {title}</title>\n\
             <style>{STYLE}</style>\n<rect class=\"bg\" width=\"{WIDTH}\" height=\"{height}\"/>\n"
        );
    }

    fn end(&mut self, header: &Header, height: f64) {
        let y = height - 7.0;
        self.text(10.0, y, "m", &header.machine, WIDTH - 20.0);
        self.out.push_str("</svg>\n");
    }

    /// The axis, the folds, the ticks and the names of the lanes.
    fn draw_axis(&mut self, bottom: f64) {
        let rect = |x: f64, y: f64, width: f64, height: f64, class: &str| {
            format!(
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
                 height=\"{height:.1}\"/>\n"
            )
        };
        self.out += &rect(0.0, 0.0, WIDTH, AXIS, "pa");
        self.out += &rect(0.0, 0.0, GUTTER, bottom, "pa");
        for fold in self.scale.folds() {
            self.out += &rect(fold.left, AXIS, fold.width, bottom - AXIS, "fo");
            if fold.width > 14.0 {
                let (x, y) = (fold.left + fold.width / 2.0 + 4.0, (AXIS + bottom) / 2.0);
                let idle = format!("{:.3} ms idle", fold.ns as f64 / 1e6);
                let _ = writeln!(
                    self.out,
                    "<text class=\"m\" text-anchor=\"middle\" \
                     transform=\"translate({x:.1} {y:.1}) rotate(-90)\">{idle}</text>"
                );
            }
        }
        let mut free = GUTTER;
        for tick in self.scale.ticks() {
            self.out += &rect(tick.x, AXIS, 1.0, bottom - AXIS, "ru");
            let wide = 6.6 * tick.label.len() as f64;
            if tick.x >= free && tick.x + wide < WIDTH {
                self.text(tick.x + 3.0, 17.0, "m", &tick.label, wide + 20.0);
                free = tick.x + wide + 12.0;
            }
        }
        self.text(10.0, 17.0, "m", "time since mark", GUTTER);
        for index in 0..self.bands.len() {
            let Band { number, top, height, .. } = self.bands[index];
            let lane = &self.timeline.lanes[number];
            self.out += &rect(0.0, top, WIDTH, 1.0, "ru");
            self.out += &rect(0.0, top, 4.0, height, lanes::class(lane.kind));
            self.text(11.0, top + height / 2.0 + 4.0, "b", &lane.title, GUTTER - 14.0);
        }
        self.out += &rect(0.0, bottom, WIDTH, 1.0, "ru");
    }

    /// Text that is cut to a width.
    fn text(&mut self, x: f64, y: f64, class: &str, words: &str, room: f64) {
        // The width of a usual letter. A browser may take another font.
        let letter = if class == "x" { 7.0 } else { 6.4 };
        let most = (room / letter).floor();
        if most < 2.0 {
            return;
        }
        let most = most as usize;
        let is_long = words.chars().count() > most;
        let mut shown: String = words.chars().take(if is_long { most - 1 } else { most }).collect();
        if is_long {
            if shown.chars().count() < 2 {
                return;
            }
            shown.push_str("...");
        }
        let shown = escaped(&shown);
        let _ =
            writeln!(self.out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{shown}</text>");
    }
}

/// A text for a place between tags.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // XML does not allow most control characters.
    text.replace(|letter: char| letter.is_control(), " ")
}
