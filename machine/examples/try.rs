//! Scratch.
use portcls_machine::*;
use portcls_machine::report::Filter;
fn main() {
    let card = std::env::args().nth(1).unwrap_or("roland-mpu401".into());
    let what = std::env::args().nth(2).unwrap_or("play".into());
    let machine = MachineBuilder::new().card(&card).unwrap().build().unwrap();
    let song = tune::default_tune();
    let t=std::time::Instant::now();
    if what=="play" {
        match play(&machine,&song) { Ok(r)=>{ println!("{:?} delivered {}/{} {:?} busy {} stop {:?} failed {:?} viol {:?} leaks {:?}", r.figures, r.delivered, r.song_bytes, r.lateness, r.wire_busy_permille, r.stop, r.failed, r.violations, r.leaks);}, Err(e)=>println!("error {e}") }
    } else {
        match capture(&machine,&song) { Ok(r)=>{ println!("{:?} matching {}/{} recv {} stop {:?} viol {:?} leaks {:?}", r.figures, r.matching, r.song_bytes, r.received_bytes, r.stop, r.violations, r.leaks);}, Err(e)=>println!("error {e}") }
    }
    println!("{:?}", t.elapsed());
    std::fs::write("/tmp/trace.txt", machine.trace_text(Filter::Full)).unwrap();
}
