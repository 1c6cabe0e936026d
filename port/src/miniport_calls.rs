//! Calls from the port into a driver: recorded, guarded, and checked.

use portcls_emulator::trace::{Argument, Layer, NameId};
use portcls_emulator::{DevicePowerState, Kernel, NtStatus, rules};

use crate::ks::{KsState, LengthReply};

/// The driver's methods and routines whose calls are recorded here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Method {
    Init,
    GetDescription,
    DataRangeIntersection,
    Service,
    NewStream,
    PinCount,
    SetFormat,
    SetState,
    Read,
    Write,
    PowerChangeNotify,
    PowerChangeState,
    QueryPowerChangeState,
    QueryDeviceCapabilities,
    PropertyHandler,
    IoTimeout,
    InitDmus,
    NewStreamDmus,
    SetSinkState,
    PutMessage,
    ConnectOutput,
    DisconnectOutput,
    InitWaveCyclic,
    InitWavePci,
    InitWaveRT,
    ServiceWavePci,
    InitTopology,
    PowerChangeState2,
    PowerChangeState3,
    GetPinName,
    EventHandler,
}

const METHODS: [(Method, &str, &str); 31] = [
    (Method::Init, "Init", "IMiniportMidi::Init"),
    (Method::GetDescription, "GetDescription", "IMiniport::GetDescription"),
    (Method::DataRangeIntersection, "DataRangeIntersection", "IMiniport::DataRangeIntersection"),
    (Method::Service, "Service", "IMiniportMidi::Service"),
    (Method::NewStream, "NewStream", "IMiniportMidi::NewStream"),
    (Method::PinCount, "PinCount", "IPinCount::PinCount"),
    (Method::SetFormat, "SetFormat", "IMiniportMidiStream::SetFormat"),
    (Method::SetState, "SetState", "IMiniportMidiStream::SetState"),
    (Method::Read, "Read", "IMiniportMidiStream::Read"),
    (Method::Write, "Write", "IMiniportMidiStream::Write"),
    (Method::PowerChangeNotify, "PowerChangeNotify", "IPowerNotify::PowerChangeNotify"),
    (Method::PowerChangeState, "PowerChangeState", "IAdapterPowerManagement::PowerChangeState"),
    (
        Method::QueryPowerChangeState,
        "QueryPowerChangeState",
        "IAdapterPowerManagement::QueryPowerChangeState",
    ),
    (
        Method::QueryDeviceCapabilities,
        "QueryDeviceCapabilities",
        "IAdapterPowerManagement::QueryDeviceCapabilities",
    ),
    (Method::PropertyHandler, "PropertyHandler", "a property handler"),
    (Method::IoTimeout, "IoTimeout", "an I/O timeout routine"),
    (Method::InitDmus, "Init", "IMiniportDMus::Init"),
    (Method::NewStreamDmus, "NewStream", "IMiniportDMus::NewStream"),
    (Method::SetSinkState, "SetState", "IMXF::SetState"),
    (Method::PutMessage, "PutMessage", "IMXF::PutMessage"),
    (Method::ConnectOutput, "ConnectOutput", "IMXF::ConnectOutput"),
    (Method::DisconnectOutput, "DisconnectOutput", "IMXF::DisconnectOutput"),
    (Method::InitWaveCyclic, "Init", "IMiniportWaveCyclic::Init"),
    (Method::InitWavePci, "Init", "IMiniportWavePci::Init"),
    (Method::InitWaveRT, "Init", "IMiniportWaveRT::Init"),
    (Method::ServiceWavePci, "Service", "IMiniportWavePci::Service"),
    (Method::InitTopology, "Init", "IMiniportTopology::Init"),
    (Method::PowerChangeState2, "PowerChangeState2", "IAdapterPowerManagement2::PowerChangeState2"),
    (Method::PowerChangeState3, "PowerChangeState3", "IAdapterPowerManagement3::PowerChangeState3"),
    (Method::GetPinName, "GetPinName", "IPinName::GetPinName"),
    (Method::EventHandler, "EventHandler", "an event handler"),
];

/// The full names of all methods, in the order of the enumeration.
pub(crate) fn method_names() -> impl Iterator<Item = &'static str> {
    METHODS.iter().map(|(_, _, full_name)| *full_name)
}

/// Makes the calls of a port, or of an adapter's device, into the driver. Keeps the names that the
/// trace shows for these calls.
pub(crate) struct MiniportCalls {
    who: NameId,
    methods: [NameId; METHODS.len()],
    states: [NameId; 4],
    power: [NameId; 4],
    byte: NameId,
}

impl MiniportCalls {
    /// Makes the names known to the trace of the kernel.
    ///
    /// IRQL: PASSIVE_LEVEL.
    pub fn new(kernel: &Kernel) -> MiniportCalls {
        let trace = kernel.trace();
        MiniportCalls {
            who: trace.actor("port", Layer::Software),
            methods: METHODS.map(|(_, name, _)| trace.name(name)),
            states: ["STOP", "ACQUIRE", "PAUSE", "RUN"].map(|name| trace.name(name)),
            power: DevicePowerState::ALL.map(|state| trace.name(state.name())),
            byte: trace.name("byte"),
        }
    }

    /// A count of bytes, as the trace shows it.
    pub fn bytes(&self, count: usize) -> Argument {
        Argument::Count(u32::try_from(count).unwrap_or(u32::MAX), self.byte)
    }

    /// A state, as the trace shows it.
    pub fn state(&self, state: KsState) -> Argument {
        Argument::Word(self.states[state as usize])
    }

    /// A power state, as the trace shows it.
    pub fn power(&self, state: DevicePowerState) -> Argument {
        Argument::Word(self.power[state.number() as usize - 1])
    }

    /// Records a sentence of the port in the trace.
    ///
    /// IRQL: any.
    pub fn note(&self, kernel: &Kernel, text: &str) {
        kernel.record_note(self.who, text);
    }

    /// Calls a method of the driver. `answer` turns the result of a call that succeeded into what
    /// the trace shows.
    ///
    /// IRQL: the level of the method.
    pub fn call<R>(
        &self,
        kernel: &Kernel,
        method: Method,
        argument: Argument,
        code: impl FnOnce() -> Result<R, NtStatus>,
        answer: impl FnOnce(&R) -> Argument,
    ) -> Result<R, NtStatus> {
        self.guarded(kernel, method, argument, code, |result| {
            (NtStatus::of(result), result.as_ref().map_or(Argument::None, answer))
        })
    }

    /// Calls a method that answers with a status and a length (`LengthReply`).
    ///
    /// IRQL: the level of the method.
    pub fn call_for_reply(
        &self,
        kernel: &Kernel,
        method: Method,
        code: impl FnOnce() -> LengthReply,
    ) -> LengthReply {
        self.guarded(kernel, method, Argument::None, code, |reply| (reply.status, Argument::None))
    }

    /// Records a call and its return around the driver's code.
    ///
    /// A method must return at the IRQL of its call. Another IRQL breaks the rule IrqlReturn, and
    /// the port restores the old IRQL.
    fn guarded<T>(
        &self,
        kernel: &Kernel,
        method: Method,
        argument: Argument,
        code: impl FnOnce() -> T,
        outcome: impl FnOnce(&T) -> (NtStatus, Argument),
    ) -> T {
        let name = self.methods[method as usize];
        let full_name = METHODS[method as usize].2;
        let irql = kernel.current_irql();
        kernel.record_call(self.who, name, argument);
        let result = kernel.call_driver_code(full_name, code);
        if kernel.current_irql() != irql {
            let now = kernel.current_irql();
            let message = format!("{full_name} was called at {irql} and returned at {now}");
            kernel.report_violation(&rules::IRQL_RETURN, &message);
            kernel.restore_irql(irql);
        }
        let (status, answer) = outcome(&result);
        kernel.record_return(self.who, name, status, answer);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::METHODS;

    #[test]
    fn the_table_of_methods_is_in_the_order_of_the_enumeration() {
        for (index, (method, _, _)) in METHODS.iter().enumerate() {
            assert_eq!(*method as usize, index);
        }
    }
}
