//! Third-party programs judge the dumps: sigrok and GTKWave.
//!
//! sigrok judges the wire, GTKWave the waveforms. Without its judge a test skips itself and says
//! so; `.ci/run` installs both judges. Both programs always end with exit code 0, so the tests look
//! at their output, and each judge also has to find a fault that was made on purpose.

#[path = "judges/gtkwave.rs"]
mod gtkwave;
#[path = "judges/program.rs"]
mod program;
#[path = "judges/scene.rs"]
mod scene;
#[path = "judges/sigrok.rs"]
mod sigrok;
