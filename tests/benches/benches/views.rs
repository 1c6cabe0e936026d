//! The text of a million events and the page of a hundred thousand.
//!
//! The limits are 0.08 s to print or write the text and 0.2 s to read it. A page is also drawn by a
//! browser: `cargo test -p portcls-emu --test page 100_000` measures that.

use std::io;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use portcls_benches::long_trace;
use portcls_machine::legend;
use portcls_machine::report::Filter;
use portcls_machine::report::html::{Page, PageOptions};
use portcls_machine::report::text::{Header, parse, print, write};

/// Events of the text.
const TEXT_EVENTS: usize = 1_000_000;
/// Events of the page.
const PAGE_EVENTS: usize = 100_000;

fn text(criterion: &mut Criterion) {
    let log = long_trace(TEXT_EVENTS, 7);
    let header = Header {
        machine: "driver uart, card sb16, port 330, irq 9".to_owned(),
        ..Header::default()
    };
    let text = print(&log, &header, Filter::Full);
    let mut group = criterion.benchmark_group("text");
    group.sample_size(10).throughput(Throughput::Elements(log.records().len() as u64));
    group.bench_function("print", |bencher| {
        bencher.iter(|| print(&log, &header, Filter::Full).len());
    });
    group.bench_function("write", |bencher| {
        bencher.iter(|| write(&log, &header, Filter::Full, &mut io::sink()).expect("it takes all"));
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| parse(&text).expect("it reads back").1.records().len());
    });
    group.finish();
}

fn page(criterion: &mut Criterion) {
    let log = long_trace(PAGE_EVENTS, 7);
    let header = Header::default();
    let legend = legend(&log);
    let mut group = criterion.benchmark_group("page");
    group.sample_size(10).throughput(Throughput::Elements(log.records().len() as u64));
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            let options = PageOptions { legend: Some(&legend), ..PageOptions::default() };
            let page = Page::new(&log, &header, options).expect("it has room");
            page.write(&mut io::sink()).expect("it takes all");
        });
    });
    group.finish();
}

criterion_group!(benches, text, page);
criterion_main!(benches);
