//! When a driver does not get what it asked for, the trace names the thing.

use portcls_emulator::trace::{Event, Layer};
use portcls_emulator::{Need, RefusedCall};
use portcls_port::guid::{clsid, iid};

use super::{BOTH, Bench};

/// The newest refusal, and the actor of its line in the trace.
fn newest(bench: &Bench) -> (String, String, Need) {
    let kernel = &bench.kernel;
    let refused: RefusedCall = kernel.refused_calls().pop().expect("something was refused");
    let log = kernel.trace().log();
    let told = log.events().find(|event| match event.event {
        Event::Note(text) => log.text(text) == refused.to_string(),
        _ => false,
    });
    let who = told.expect("the trace has the line").who;
    assert_eq!(log.layer(who), Some(Layer::Software));
    (log.name(who).to_owned(), refused.to_string(), refused.need)
}

fn is(who: &str, line: &str, need: Need) -> (String, String, Need) {
    (who.to_owned(), line.to_owned(), need)
}

#[test]
fn a_class_and_an_interface_are_refused_by_their_names_and_told_once() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        let block = bench.memory(64);
        let (id, out) = (block, block + 32);
        bench.guest.store(id, bytemuck::bytes_of(&clsid::MINIPORT_DRIVER_FM_SYNTH));
        assert_eq!(bench.call("PcNewPort", &[out, id]), 0xC000_00BB);
        let line = "PcNewPort refuses CLSID_MiniportDriverFmSynth: STATUS_NOT_SUPPORTED";
        assert_eq!(newest(&bench), is("port", line, Need::Required));
        assert_eq!(bench.kernel.refused_call_count(), 1);

        assert_eq!(bench.call("PcNewServiceGroup", &[out, 0]), 0);
        let group = bench.guest.load_word(out);
        bench.guest.store(id, bytemuck::bytes_of(&iid::PORT_CLS_VERSION));
        let query = bench.guest.load_word(bench.guest.load_word(group));
        bench.run(query, &[group, id, out]).expect("it returns");
        let line = "IServiceGroup::QueryInterface refuses IID_IPortClsVersion: \
                    STATUS_INVALID_PARAMETER";
        assert_eq!(newest(&bench), is("port", line, Need::Optional));
        assert_eq!(bench.kernel.refused_call_count(), 2);
    }
}

#[test]
fn a_routine_that_says_no_more_is_refused_by_its_own_name() {
    for mode in BOTH {
        let bench = Bench::plain(mode);
        assert_eq!(bench.call("PcRegisterSubdevice", &[0, bench.memory(16), 0]), 0xC000_000D);
        let line = "PcRegisterSubdevice refuses: STATUS_INVALID_PARAMETER";
        assert_eq!(newest(&bench), is("port", line, Need::Required));
        assert_eq!(bench.call("ZwClose", &[44]), 0xC000_0008);
        let line = "ZwClose refuses: STATUS_INVALID_HANDLE";
        assert_eq!(newest(&bench), is("kernel", line, Need::Required));
        bench.call("KeGetCurrentIrql", &[]);
        assert_eq!(bench.kernel.refused_call_count(), 2, "no status, no refusal");
    }
}
