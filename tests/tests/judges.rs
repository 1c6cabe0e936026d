//! Third-party programs judge the VCD dumps: sigrok and GTKWave.
//!
//! sigrok judges the wire, and GTKWave judges the waveforms. If the judge of a test is missing, the
//! test skips itself and says so; `.ci/run` installs both judges. These programs end with exit code
//! 0 even after an error, so the tests look at the output of the programs. Each judge also has to
//! find a fault that was made on purpose.

#[path = "judges/gtkwave.rs"]
mod gtkwave;
#[path = "judges/program.rs"]
mod program;
#[path = "judges/scene.rs"]
mod scene;
#[path = "judges/sigrok.rs"]
mod sigrok;
