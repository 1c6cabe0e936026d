//! Scratch.
use portcls_machine::midi_file::Song;
use portcls_machine::*;
fn main() {
    let card = std::env::args().nth(1).unwrap();
    let what = std::env::args().nth(2).unwrap();
    let n: u32 = std::env::args().nth(3).unwrap().parse().unwrap();
    let mut song = Song::new();
    for index in 0..10_416u64 {
        song.push(
            if what == "flood" { 0 } else { index * 960_000 },
            &[0x90, 36 + (index % 60) as u8, (index % 100) as u8],
        );
    }
    let mut times = vec![];
    for _ in 0..n {
        let machine = MachineBuilder::new().card(&card).unwrap().build().unwrap();
        let t = std::time::Instant::now();
        let sim = if what == "capture" {
            capture(&machine, &song).unwrap().figures.simulated_ns
        } else {
            play(&machine, &song).unwrap().figures.simulated_ns
        };
        let e = t.elapsed();
        times.push(sim as f64 / e.as_nanos() as f64);
    }
    times.sort_by(|a, b| a.total_cmp(b));
    println!(
        "{card} {what}: median {:.0} x real time, best {:.0}",
        times[times.len() / 2],
        times[times.len() - 1]
    );
}
