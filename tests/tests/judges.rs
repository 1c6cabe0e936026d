use portcls_machine::{MachineBuilder,play,vcd_options,report::vcd::*};
use portcls_machine::tune::default_tune;
#[test] fn x(){ let m=MachineBuilder::new().build().unwrap(); let r=play(&m,&default_tune()).unwrap();
 let log=m.trace_log();
 for (d,t,f) in [(Dialect::Sigrok,Tick::HundredNanoseconds,"/tmp/x100.vcd"),(Dialect::Sigrok,Tick::Microsecond,"/tmp/x1.vcd"),(Dialect::Full,Tick::Nanosecond,"/tmp/xf.vcd")] {
 let mut o=vec![]; write(&log,&vcd_options(&log,d,t),&mut o).unwrap(); std::fs::write(f,o).unwrap(); }
 std::fs::write("/tmp/x.raw", m.cable().sent_bytes()).unwrap();
 println!("{:?}", &r.wire[..4]);
}
