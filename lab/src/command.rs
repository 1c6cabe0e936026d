//! The command line that does the same work as a job.

use portcls_machine::report::explain::shell_quoted;

use crate::job::{Choice, DamageWord, FilterWord, Format, PinFormatWord, Run};

/// The command line of a run. The program has no option for typed music. For such music the line
/// names the file `typed.bin`, which the user has to make.
pub fn of(job: &Run) -> String {
    let mut words = vec!["portcls-emu".to_owned(), job.verb.word().to_owned()];
    let song = job.song.clone().unwrap_or_default();
    let name = match (&song.file, &song.notes, &song.bytes) {
        (Some(file), ..) => Some(file.clone()),
        (None, None, None) => None,
        _ => Some("typed.bin".to_owned()),
    };
    words.extend(name);
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([format!("--{name}"), value]);
        }
    };
    let chosen = |choice: &Choice| match choice {
        Choice::Name(name) | Choice::File(name) => name.clone(),
    };
    let format = match (song.format, &song.notes, &song.bytes) {
        // Typed notes and bytes are raw, whatever the format is.
        (_, Some(_), _) | (_, _, Some(_)) | (Format::Raw, ..) => Some("raw"),
        (Format::Smf, ..) => Some("smf"),
        (Format::Syx, ..) => Some("syx"),
        (Format::Auto, None, None) => None,
    };
    option("input-format", format.map(str::to_owned));
    option("driver", job.driver.as_ref().map(chosen));
    option("card", job.card.as_ref().map(chosen));
    option("card-timing", job.timing.clone());
    option("pin", job.pin.clone());
    let is_directmusic = job.pin_format == PinFormatWord::Directmusic;
    option("pin-format", is_directmusic.then(|| "directmusic".to_owned()));
    option("port", job.port.clone());
    option("irq", job.irq.map(|irq| irq.to_string()));
    for resource in &job.resources {
        option("resource", Some(resource.clone()));
    }
    for value in &job.registry {
        option("registry", Some(value.clone()));
    }
    option("registry-file", job.registry_file.clone());
    option(
        "inf",
        job.inf.as_ref().map(|inf| match &inf.model {
            Some(model) => format!("{}:{model}", inf.file),
            None => inf.file.clone(),
        }),
    );
    option("instruction-time", job.instruction_time.clone());
    option("call-budget", job.call_budget.map(|budget| budget.to_string()));
    option("until", job.until.clone());
    let is_registers = job.trace_filter == FilterWord::Registers;
    option("filter", is_registers.then(|| "registers".to_owned()));
    option("trace", Some("-".to_owned()));
    match song.damage {
        DamageWord::LeaveOut => {}
        DamageWord::Clip => words.push("--clip".to_owned()),
        DamageWord::Refuse => words.push("--strict".to_owned()),
    }
    let quoted: Vec<String> = words.iter().map(|word| shell_quoted(word)).collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::SongChoice;

    #[test]
    fn a_job_is_a_command_that_a_shell_takes() {
        assert_eq!(of(&Run::default()), "portcls-emu play --trace -");
        let song = SongChoice { file: Some("my song.mid".to_owned()), ..SongChoice::default() };
        let job = Run {
            driver: Some(Choice::File("it's.sys".to_owned())),
            song: Some(song),
            irq: Some(5),
            ..Run::default()
        };
        let line = "portcls-emu play 'my song.mid' --driver 'it'\\''s.sys' --irq 5 --trace -";
        assert_eq!(of(&job), line);
    }
}
