//! Programs that no one here wrote judge the dumps: sigrok the wire, GTKWave the waveforms.
//!
//! A judge that is not installed is not asked, and the test says so; `.ci/run` installs both.
//! Both end with exit code 0 whatever happened, so what they say is looked at, and each has to
//! find a fault that was made on purpose.

#[path = "judges/gtkwave.rs"]
mod gtkwave;
#[path = "judges/program.rs"]
mod program;
#[path = "judges/scene.rs"]
mod scene;
#[path = "judges/sigrok.rs"]
mod sigrok;
