//! The completions, tried in real shells.

use std::process::{Command, Stdio};

use portcls_test_tools::has_program;

use crate::support::Folder;

/// A command line up to the cursor, and a word that the shell must offer.
const CASES: &[(&[&str], &str)] = &[
    (&["portcls-emu", "pla"], "play"),
    (&["portcls-emu", "play", "--card-t"], "--card-timing"),
    (&["portcls-emu", "play", "--card", "sms"], "smsc-superio"),
    (&["portcls-emu", "rules", "read-over"], "read-overrun"),
];

/// A folder with the completions for a shell in a file of this name.
fn folder_with(shell: &str, file: &str) -> Folder {
    let folder = Folder::new();
    let ran = folder.run(&["completions", shell]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    folder.put(file, &ran.stdout);
    folder
}

/// What a shell prints for a script, in a folder.
fn output_of(shell: &mut Command, folder: &Folder) -> String {
    let output = shell
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .env("TERM", "dumb")
        .stdin(Stdio::null())
        .output()
        .expect("the shell runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn bash_completes_verbs_options_and_their_values() {
    if !has_program("bash", "--version", "it is in every distribution") {
        return;
    }
    let folder = folder_with("bash", "portcls-emu.bash");
    for (words, wanted) in CASES {
        let script = r#"
            source ./portcls-emu.bash
            function=$(complete -p portcls-emu | sed 's/.*-F \([^ ]*\).*/\1/')
            COMP_WORDS=("$@")
            COMP_CWORD=$(($# - 1))
            "$function" portcls-emu "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}"
        "#;
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", script, "bash"]).args(*words);
        let offered = output_of(&mut bash, &folder);
        assert!(offered.lines().any(|word| word == *wanted), "{words:?}: {offered}");
    }
}

#[test]
fn fish_completes_verbs_options_and_their_values() {
    if !has_program("fish", "--version", "install the package fish") {
        return;
    }
    let folder = folder_with("fish", "portcls-emu.fish");
    for (words, wanted) in CASES {
        let script = format!("source ./portcls-emu.fish; complete -C '{}'", words.join(" "));
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", &script]);
        let offered = output_of(&mut fish, &folder);
        let is_offered = |line: &str| line.split('\t').next() == Some(wanted);
        assert!(offered.lines().any(is_offered), "{words:?}: {offered}");
    }
}

/// zsh completes only in an interactive shell, so the script types the line into one.
#[test]
fn zsh_completes_verbs_options_and_their_values() {
    if !has_program("zsh", "--version", "install the package zsh") {
        return;
    }
    let folder = folder_with("zsh", "_portcls-emu");
    for (words, wanted) in CASES {
        let line = words.join(" ");
        let script = format!(
            r#"
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell 'PS1=; fpath=($PWD $fpath); autoload -Uz compinit'
            zpty -w shell 'compinit -u -D; print READY'
            zpty -r -m shell text '*READY*READY*'
            zpty -w -n shell $'{line}\t'
            zpty -w -n shell $'\x01print -r -- "\x05" DONE\n'
            zpty -r -m shell text '*DONE*DONE*'
            print -r -- "$text"
            "#
        );
        let mut zsh = Command::new("zsh");
        zsh.args(["-f", "-c", &script]);
        let typed = output_of(&mut zsh, &folder);
        let completed = typed.lines().rev().find(|line| line.contains("DONE")).unwrap_or_default();
        assert!(completed.contains(wanted), "{words:?}: {typed}");
    }
}
