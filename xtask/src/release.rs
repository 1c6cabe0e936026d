//! A prebuilt program: one archive with what a user needs, and its checksum.
//!
//! This file owns the content of the archive. It also ensures that two builds of one commit give
//! the same bytes: the program holds no path of the machine that built it, and the archive holds
//! no time and no user of that machine. The verb needs no network when cargo has the dependencies.
//! [`notices`] collects the licences of other projects.

mod notices;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use crate::program::{Failure, Outcome, Tool, cargo, output_of, require, run, target_folder};
use crate::project::{own_packages, root, text};

/// The package and its program.
const PROGRAM: &str = "portcls-emu";

/// The files of the project that are in the archive.
const OWN_FILES: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Each shell with the name of its file of completions.
const COMPLETIONS: [(&str, &str); 4] = [
    ("bash", "portcls-emu.bash"),
    ("zsh", "_portcls-emu"),
    ("fish", "portcls-emu.fish"),
    ("powershell", "_portcls-emu.ps1"),
];

/// What a page of the manual begins with.
const PAGE_BEGIN: &str = ".ie \\n(.g .ds Aq \\(aq\n";

/// The options by which GNU tar writes the same bytes for the same files.
const TAR_OPTIONS: [&str; 6] = [
    "--format=ustar",
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mode=go=rX,u+rw,a-s",
];

const GNU_TAR: Tool = Tool {
    name: "GNU tar",
    probe: &["tar", "--sort=name", "--version"],
    get: "apt-get install tar",
};
const GZIP: Tool =
    Tool { name: "gzip", probe: &["gzip", "--version"], get: "apt-get install gzip" };
const SHA256SUM: Tool = Tool {
    name: "sha256sum",
    probe: &["sha256sum", "--version"],
    get: "apt-get install coreutils",
};

/// Builds the program for this system, and writes its archive and checksum into a folder.
pub fn release(arguments: &[String]) -> Outcome {
    let [folder] = arguments else {
        return Err(Failure::Usage("`release` takes the folder for the archive".to_owned()));
    };
    for tool in [&GNU_TAR, &GZIP, &SHA256SUM] {
        require(tool)?;
    }
    let program = build()?;
    let title = format!("{PROGRAM}-{}-{}", version()?, host()?);
    let out = env::current_dir().map_err(Failure::failed)?.join(folder);
    let work = target_folder().join("prebuilt/unpacked");
    let content = work.join(&title);
    make_empty(&work).map_err(Failure::failed)?;
    fill(&content, &program)?;
    fs::create_dir_all(&out).map_err(Failure::failed)?;
    pack(&work, &title, &out)?;
    println!("{}", out.join(format!("{title}.tar.gz")).display());
    Ok(())
}

/// Builds the program without symbols, and without paths of this machine.
fn build() -> Result<PathBuf, Failure> {
    let target = target_folder().join("prebuilt");
    let mut command = cargo(&["build", "--release", "--locked", "--offline", "-p", PROGRAM]);
    command.env("CARGO_TARGET_DIR", &target);
    command.env("CARGO_ENCODED_RUSTFLAGS", flags()?);
    command.env_remove("RUSTFLAGS");
    // `cli/src/new.rs` reads this variable.
    command.env("PORTCLS_PREBUILT", "1");
    run(command)?;
    Ok(target.join("release").join(PROGRAM).with_extension(env::consts::EXE_EXTENSION))
}

/// The flags by which the program has no symbols, and messages name the folders of the sources in
/// the same way on every machine.
///
/// Measured: cargo 1.95 passes no `strip` of a profile to a package that has its own settings in
/// the profile. The program is such a package.
fn flags() -> Result<String, Failure> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let home = home.ok_or_else(|| Failure::failed("neither CARGO_HOME nor HOME is set"))?;
    let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.args(["--print", "sysroot"]);
    let sysroot = output_of(command)?;
    let renamed = [
        (root(), "portcls-emu"),
        (home.join("registry/src"), "crates"),
        (PathBuf::from(sysroot.trim_end()), "rust"),
    ];
    let flag =
        |(from, to): &(PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    let mut flags: Vec<String> = renamed.iter().map(flag).collect();
    flags.push("-Cstrip=symbols".to_owned());
    // Cargo wants this character between the flags.
    Ok(flags.join("\u{1F}"))
}

fn version() -> Result<String, Failure> {
    let packages = own_packages()?;
    let program = packages.iter().find(|package| text(package, "name") == PROGRAM);
    let program = program.ok_or_else(|| Failure::failed(format!("there is no {PROGRAM}")))?;
    Ok(text(program, "version").to_owned())
}

/// The name of this system, as the compiler has it.
fn host() -> Result<String, Failure> {
    let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.arg("-vV");
    let told = output_of(command)?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Failure::failed("rustc does not name its host"))
}

/// Puts everything into the folder of the archive.
fn fill(content: &Path, program: &Path) -> Outcome {
    let make = |name: &str| fs::create_dir_all(content.join(name)).map_err(Failure::failed);
    let write =
        |name: &str, text: &str| fs::write(content.join(name), text).map_err(Failure::failed);
    let copy = |from: &Path, name: &str| {
        fs::copy(from, content.join(name)).map(drop).map_err(Failure::failed)
    };
    ["", "man/man1", "completions"].into_iter().try_for_each(make)?;
    copy(program, &program.file_name().unwrap_or_default().to_string_lossy())?;
    OWN_FILES.iter().try_for_each(|name| copy(&root().join(name), name))?;
    write("LICENSES-OF-OTHERS.txt", &notices::notices()?)?;
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments);
        output_of(command)
    };
    for (shell, file) in COMPLETIONS {
        write(&format!("completions/{file}"), &ask(&["completions", shell])?)?;
    }
    for (name, page) in manual_pages(&ask(&["man"])?)? {
        write(&format!("man/man1/{name}.1"), &page)?;
    }
    Ok(())
}

/// The pages of the manual, each with its name.
fn manual_pages(all: &str) -> Result<Vec<(String, String)>, Failure> {
    let pages = all.split(PAGE_BEGIN).filter(|page| !page.is_empty());
    let named = pages.map(|page| {
        let title = page.lines().find_map(|line| line.strip_prefix(".TH "));
        let name = title.and_then(|title| title.split(' ').next());
        let name = name.ok_or_else(|| Failure::failed("a page of the manual has no title"))?;
        Ok((name.to_owned(), format!("{PAGE_BEGIN}{page}")))
    });
    named.collect()
}

/// Packs the folder, and writes the checksum in the form that `sha256sum --check` reads.
fn pack(work: &Path, title: &str, out: &Path) -> Outcome {
    let tar = work.join("archive.tar");
    let mut command = Command::new("tar");
    command.args(TAR_OPTIONS).arg(format!("--mtime=@{}", commit_time()));
    command.arg("-C").arg(work).arg("-cf").arg(&tar).arg(title);
    run(command)?;
    let mut command = Command::new("gzip");
    command.args(["-9", "--no-name", "--force"]).arg(&tar);
    run(command)?;
    let archive = format!("{title}.tar.gz");
    fs::copy(work.join("archive.tar.gz"), out.join(&archive)).map_err(Failure::failed)?;
    let mut command = Command::new("sha256sum");
    command.current_dir(out).arg(&archive);
    let sum = output_of(command)?;
    fs::write(out.join(format!("{archive}.sha256")), sum).map_err(Failure::failed)
}

/// The time of all files in the archive, in seconds since 1970: the time of the commit, or 0 if git
/// does not give it.
fn commit_time() -> u64 {
    let mut command = Command::new("git");
    command.current_dir(root()).args(["log", "-1", "--format=%ct"]);
    output_of(command).ok().and_then(|time| time.trim().parse().ok()).unwrap_or(0)
}

fn make_empty(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_is_one_file_for_each_page() {
        let all = format!("{PAGE_BEGIN}.TH a 1\ntext\n{PAGE_BEGIN}.TH a-b 1\nmore\n");
        let pages = manual_pages(&all).unwrap();
        assert_eq!(pages[0], ("a".to_owned(), format!("{PAGE_BEGIN}.TH a 1\ntext\n")));
        assert_eq!(pages[1], ("a-b".to_owned(), format!("{PAGE_BEGIN}.TH a-b 1\nmore\n")));
        assert!(manual_pages("text").is_err());
    }

    #[test]
    fn a_folder_is_asked_for() {
        let usage = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            matches!(release(&words), Err(Failure::Usage(_)))
        };
        assert!(usage(&[]) && usage(&["a", "b"]));
    }
}
