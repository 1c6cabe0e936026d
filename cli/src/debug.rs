//! `debug`: a run of a Windows driver under gdb.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::rc::Rc;

use portcls_machine::guest::gdb::GdbServer;
use portcls_machine::{MachineError, debug};

use crate::arguments::{DebugArguments, DebugJob};
use crate::failure::{Exit, Failure};
use crate::input::Source;
use crate::session::{self, Build, Job};
use crate::{capture, console, play};

/// Waits for gdb, and runs the driver under it.
///
/// # Errors
/// The errors of [`session::run`], and [`Failure::CannotListen`].
pub fn run(arguments: &DebugArguments) -> Result<Exit, Failure> {
    let job = Job {
        verb: "debug",
        source: arguments.file.as_ref().map_or(Source::Tune, Source::Input),
        song: &arguments.song,
        machine: &arguments.machine,
        client: &arguments.client,
        report: &arguments.report,
        raw_out: ("", None),
        midi_out: None,
    };
    let work = match arguments.job {
        DebugJob::Play => play::work,
        DebugJob::Capture => capture::work,
    };
    session::run_on(&job, |build, song| {
        let offset = offset_of_symbols(build)?;
        let symbols = arguments.machine.driver.path();
        let server = Rc::new(wait_for_gdb(arguments.gdb, &symbols, offset)?);
        let result = debug(&server, build, |machine| work(machine, song))?;
        if let Some(error) = server.take_error() {
            console::warning(&error);
        }
        Ok(result)
    })
}

/// The distance of the driver from its preferred address; gdb needs it for the symbols.
fn offset_of_symbols(build: &Build<'_>) -> Result<u64, Failure> {
    let machine = build()?;
    let name = machine.driver_name().to_owned();
    let guest = machine.guest().ok_or(MachineError::NotDebuggable { name })?;
    let loaded = guest.loaded();
    Ok(loaded.base.wrapping_sub(loaded.image.preferred_base()))
}

fn wait_for_gdb(place: SocketAddr, driver: &str, offset: u64) -> Result<GdbServer, Failure> {
    let listener =
        TcpListener::bind(place).map_err(|error| Failure::cannot_listen(place, &error))?;
    let place = listener.local_addr().map_err(|error| Failure::cannot_listen(place, &error))?;
    if !place.ip().is_loopback() {
        console::warning(&format_args!("a program that reaches {place} can take the driver over"));
    }
    let symbols = Path::new(driver).display();
    console::note(&format_args!(
        "waiting for gdb; in it: target remote {place}, then add-symbol-file {symbols} -o \
         {offset:#x}"
    ));
    let (connection, _) =
        listener.accept().map_err(|error| Failure::cannot_listen(place, &error))?;
    Ok(GdbServer::new(connection))
}
