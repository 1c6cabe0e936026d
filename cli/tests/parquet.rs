//! `export --to parquet`: DuckDB finds in the tables what the traces say.
#![cfg(feature = "parquet")]

#[path = "program/support.rs"]
#[allow(dead_code, reason = "the other tests of the program use the rest")]
mod support;

use std::process::Command;

use portcls_test_tools::{has_program, skip};

use crate::support::{Folder, TWO_NOTES, driver_path, midi_file};

/// Runs the query in the file that its argument names, and prints each row on a line. The test
/// runs `docs/slowest-isr.sql`, which `docs/views.md` recommends.
const SCRIPT: &str = "\
import sys, duckdb
for row in duckdb.sql(open(sys.argv[1]).read()).fetchall():
    print(*row, sep='|')
";

/// The number of calls of the ISR in a trace, and the longest time from `isr call` to
/// `isr return` in ns.
fn slowest_isr(text: &str) -> (usize, u64) {
    let ns = |line: &str| {
        let time = line.split_whitespace().next().expect("a time");
        time.replace('.', "").parse::<u64>().expect("us with three decimals")
    };
    let mut begun = 0;
    let mut found = (0, 0);
    for line in text.lines() {
        if line.contains(" isr       call ") {
            begun = ns(line);
        } else if line.contains(" isr       return ") {
            found = (found.0 + 1, found.1.max(ns(line) - begun));
        }
    }
    found
}

#[test]
fn a_query_finds_the_slowest_service_routine_in_a_folder_of_traces() {
    if !has_program("python3", "--version", "apt-get install python3") {
        return;
    }
    let found = Command::new("python3").args(["-c", "import duckdb"]).output();
    if !found.is_ok_and(|found| found.status.success()) {
        skip("python3 has no package duckdb; pip install duckdb");
        return;
    }
    let folder = Folder::new();
    folder.put("song.mid", midi_file(TWO_NOTES));
    let driver = driver_path("x64/uart.sys");
    let mut expected = Vec::new();
    for card in ["roland-mpu401", "smsc-superio", "sb16"] {
        let (text, table) = (format!("{card}.txt"), format!("{card}.parquet"));
        let arguments =
            ["capture", "song.mid", "--driver", &driver, "--card", card, "--trace", &text];
        assert_eq!(folder.run(&arguments).code, 0);
        let ran = folder.run(&["export", &text, "--to", "parquet", "-o", &table]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        let (count, slowest_ns) = slowest_isr(&String::from_utf8(folder.get(&text)).unwrap());
        expected.push((slowest_ns, count, card));
    }
    expected.sort_by(|a, b| b.cmp(a));
    let query = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/slowest-isr.sql");
    let ran = Command::new("python3")
        .args(["-c", SCRIPT, query])
        .current_dir(folder.path())
        .output()
        .expect("python3 runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let printed = String::from_utf8(ran.stdout).expect("text");
    let rows: Vec<Vec<&str>> = printed.lines().map(|row| row.split('|').collect()).collect();
    assert_eq!(rows.len(), expected.len(), "{printed}");
    for (slowest_ns, count, card) in expected {
        let machine = format!("card {card},");
        let row = rows.iter().find(|row| row[0].contains(&machine)).expect(card);
        assert_eq!(row[1..3], [count.to_string(), slowest_ns.to_string()], "{card}");
        assert_eq!(row[4], format!("{card}.parquet"));
    }
}
