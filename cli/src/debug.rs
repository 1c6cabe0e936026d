//! `debug`: a run of a Windows driver under gdb or lldb.

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;

use portcls_machine::guest::gdb::GdbServer;
use portcls_machine::{MachineError, debug};
use portcls_results::work;

use crate::arguments::{DebugArguments, DebugJob};
use crate::console;
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::session::{self, Build, Job};

/// Waits for a debugger, and runs the driver under this debugger.
///
/// # Errors
/// The errors of [`session::run`], [`Failure::CannotListen`], [`Failure::Debugger`], and
/// [`MachineError::NotDebuggable`] for a driver that is not a `.sys` file.
pub fn run(arguments: &DebugArguments) -> Result<Exit, Failure> {
    let job = Job {
        verb: "debug",
        source: arguments.file.as_ref().map_or(Source::Tune, Source::Input),
        song: &arguments.song,
        machine: &arguments.machine,
        client: &arguments.client,
        report: &arguments.report,
        line: None,
        raw_out: ("", None),
        midi_out: None,
    };
    let work = match arguments.job {
        DebugJob::Play => work::play,
        DebugJob::Capture => work::capture,
    };
    session::run_on(&job, |build, song| {
        check_driver(build)?;
        let server = Rc::new(wait(arguments.gdb, &arguments.machine.driver.path())?);
        let result = debug(&server, build, |machine| work(machine, song))?;
        server.take_error().map_or(Ok(result), |error| Err(Failure::debugger(&error)))
    })
}

/// Refuses a driver that cannot be debugged, before a debugger connects.
fn check_driver(build: &Build<'_>) -> Result<(), Failure> {
    let machine = build()?;
    let name = machine.driver_name().to_owned();
    machine.guest().ok_or(MachineError::NotDebuggable { name })?;
    Ok(())
}

fn wait(place: SocketAddr, driver: &str) -> Result<GdbServer, Failure> {
    let listener =
        TcpListener::bind(place).map_err(|error| Failure::cannot_listen(place, &error))?;
    let place = listener.local_addr().map_err(|error| Failure::cannot_listen(place, &error))?;
    if !place.ip().is_loopback() {
        console::warning(&format_args!("a program that reaches {place} can take the driver over"));
    }
    console::note(&format_args!(
        "waiting for a debugger; in gdb: target remote {place}; in lldb: target create {driver}, \
         then gdb-remote {place}"
    ));
    let (connection, _) =
        listener.accept().map_err(|error| Failure::cannot_listen(place, &error))?;
    Ok(GdbServer::new(connection))
}
