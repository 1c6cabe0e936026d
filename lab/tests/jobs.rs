//! The jobs as a page sees them: JSON in, named results out.
//!
//! Each mistake in a job or a file is one sentence.

use portcls_lab::{Answer, Exit, Lab};
use serde_json::{Value, json};

/// A driver of the project.
fn driver(path: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest/drivers/bin/");
    std::fs::read(format!("{folder}{path}")).expect("a driver of the project")
}

fn run(lab: &mut Lab, job: Value) -> Answer {
    lab.run(job.to_string().as_bytes())
}

/// The result of a job.
fn result(answer: &Answer) -> Value {
    serde_json::from_str(answer.text("result").expect("each job has a result")).expect("JSON")
}

fn output(answer: &Answer, name: &str) -> Value {
    let text = answer.text(name).unwrap_or_else(|| panic!("no {name} in {}", result(answer)));
    serde_json::from_str(text).expect("JSON")
}

/// The sentence of a job that could not be done, and its exit code.
fn refusal(lab: &mut Lab, job: Value) -> (u8, String) {
    let answer = run(lab, job);
    let result = result(&answer);
    let sentence = result["error"]["sentence"].as_str();
    (answer.exit as u8, sentence.unwrap_or_else(|| panic!("no error in {result}")).to_owned())
}

#[test]
fn a_first_visit_needs_no_file_and_no_key() {
    let mut lab = Lab::default();
    let answer = run(&mut lab, json!({"job": "run"}));
    let result = result(&answer);
    assert_eq!(answer.exit, Exit::Good);
    assert_eq!(result["verdict"]["word"], "complete");
    assert_eq!(result["verdict"]["sentence"], "every byte reached MIDI OUT unchanged");
    assert_eq!(result["command"], "portcls-emu play --trace -");
    let names: Vec<&str> =
        result["outputs"].as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["summary", "text", "trace"]);
    assert!(!answer.text("text").unwrap().contains('\u{1B}'), "colours are for terminals");
    assert_eq!(output(&answer, "summary")["outcome"], "complete");
}

#[test]
fn the_catalog_has_what_the_controls_need_and_each_of_its_words_is_possible() {
    let mut lab = Lab::default();
    let answer = run(&mut lab, json!({"job": "catalog"}));
    let catalog = output(&answer, "catalog");
    assert!(catalog["cards"].as_array().unwrap().len() > 30);
    for (list, key) in [("verbs", "verb"), ("pin_formats", "pin_format")] {
        for entry in catalog[list].as_array().unwrap() {
            let job = json!({"job": "run", key: entry["value"], "until": "1ms"});
            assert!(result(&run(&mut lab, job))["error"]["kind"] != "job", "{entry}");
        }
    }
    for entry in catalog["timings"].as_array().unwrap() {
        let value = entry["value"].as_str().unwrap();
        let seed = if entry["takes_seed"] == true { ":7" } else { "" };
        let job = json!({"job": "run", "timing": format!("{value}{seed}"), "until": "1ms"});
        assert!(result(&run(&mut lab, job))["error"].is_null(), "{entry}");
    }
    for card in catalog["cards"].as_array().unwrap() {
        let job = json!({"job": "run", "card": {"name": card["name"]}, "until": "1ms"});
        assert!(result(&run(&mut lab, job))["error"].is_null(), "{}", card["name"]);
        assert!(card["figures"].as_array().unwrap().len() >= 6);
    }
    for irq in catalog["irqs"].as_array().unwrap() {
        let job = json!({"job": "run", "irq": irq, "until": "1ms"});
        assert!(result(&run(&mut lab, job))["error"].is_null(), "{irq}");
    }
    for script in catalog["scripts"].as_array().unwrap() {
        let job = json!({"job": "ops", "text": script["text"], "cards": ["smsc-superio"]});
        assert_eq!(result(&run(&mut lab, job))["error"], Value::Null, "{}", script["name"]);
    }
}

#[test]
fn every_output_of_the_catalog_can_be_asked_of_a_run_that_has_it() {
    let mut lab = Lab::default();
    lab.put("null_adapter.sys", driver("msvc-x64/null_adapter.sys")).unwrap();
    let catalog = output(&run(&mut lab, json!({"job": "catalog"})), "catalog");
    let names: Vec<Value> =
        catalog["outputs"].as_array().unwrap().iter().map(|o| o["name"].clone()).collect();
    let job = json!({"job": "run", "driver": {"file": "null_adapter.sys"}, "outputs": names});
    let answer = run(&mut lab, job);
    let result = result(&answer);
    for name in names.iter().map(|name| name.as_str().unwrap()) {
        // `explain` needs a time, `filters` a driver that starts, and `scenarios` music in both
        // directions.
        let is_without = ["explain", "filters", "filters-text", "scenarios"].contains(&name);
        assert_eq!(answer.bytes(name).is_none(), is_without, "{name}: {result}");
    }
    assert_eq!(result["notes"].as_array().unwrap().len(), 2, "{result}");
}

#[test]
fn a_bug_check_is_a_verdict_with_its_place_and_the_lab_lives_on() {
    let mut lab = Lab::default();
    lab.put("null_adapter.sys", driver("msvc-x64/null_adapter.sys")).unwrap();
    let job =
        || json!({"job": "run", "driver": {"file": "null_adapter.sys"}, "outputs": ["analysis"]});
    let bare = result(&run(&mut lab, job()));
    assert_eq!(bare["verdict"]["word"], "bug-check");
    assert_eq!(bare["exit_code"], 4);
    assert!(bare["verdict"]["time_ns"].as_u64().unwrap() > 0);
    let place = bare["verdict"]["place"].as_str().unwrap();
    assert!(place.starts_with("null_adapter") && !place.contains("cpp"), "{place}");
    // With the PDB, the place has a file and a line.
    lab.put("null_adapter.pdb", driver("msvc-x64/null_adapter.pdb")).unwrap();
    let answer = run(&mut lab, job());
    let place = result(&answer)["verdict"]["place"].as_str().unwrap().to_owned();
    assert!(place.contains("null_adapter.cpp @ "), "{place}");
    assert!(answer.text("analysis").unwrap().contains("null_adapter.cpp @ "));
    assert_eq!(run(&mut lab, json!({"job": "run"})).exit, Exit::Good);
}

#[test]
fn a_mistake_is_one_sentence_that_helps() {
    let mut lab = Lab::default();
    let mut arm = driver("x64/uart.sys");
    let pe = u32::from_le_bytes(arm[0x3C..0x40].try_into().unwrap()) as usize;
    // The machine type IMAGE_FILE_MACHINE_ARMNT.
    arm[pe + 4..pe + 6].copy_from_slice(&0x01C4_u16.to_le_bytes());
    for (name, bytes) in [
        ("song.sys", b"MThd\0\0\0\x06\0\0\0\0\0\x60".to_vec()),
        ("arm.sys", arm),
        ("empty.mid", Vec::new()),
        ("silent.mid", b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xFF\x2F\0".to_vec()),
        ("card.toml", b"name = \"my-card\"\nbased-on = \"sb16\"\ntx-dept = 16\n".to_vec()),
        ("page.html", b"<!doctype html><title>not found</title>".to_vec()),
    ] {
        lab.put(name, bytes).unwrap();
    }
    let of = |name: &str| json!({"job": "run", "driver": {"file": name}});
    let song = |name: &str| json!({"job": "run", "song": {"file": name}});
    let cases = [
        (of("none.sys"), 3, "none.sys: this file was not given: drop it here, or choose it"),
        (of("song.sys"), 3, "song.sys: this is a MIDI file, not a Windows driver"),
        (of("arm.sys"), 3, "arm.sys: "),
        (song("empty.mid"), 3, "empty.mid: "),
        (song("silent.mid"), 3, "silent.mid: "),
        (song("page.html"), 3, "page.html: this is an HTML page, not a MIDI file"),
        (json!({"job": "run", "card": {"file": "card.toml"}}), 3, "card.toml:3:"),
        (
            json!({"job": "run", "card": {"name": "sb17"}}),
            2,
            "there is no card 'sb17'; did you mean sb16?",
        ),
        (json!({"job": "run", "irq": 1}), 2, "irq 1 is out of range"),
        (json!({"job": "run", "timing": "fast"}), 2, "timing: 'fast' is not possible; use min"),
        (json!({"job": "run", "until": "soon"}), 2, "until: 'soon' is not possible"),
        (json!({"job": "run", "song": {"notes": "H4"}}), 2, "the typed notes: 'H4' is no note"),
        (json!({"job": "run", "song": {"bytes": "9"}}), 2, "the typed bytes: '9' is no byte"),
        (json!({"job": "run", "song": {"tune": true, "notes": "C4"}}), 2, "a song is one of"),
        (json!({"job": "run", "crad": "sb16"}), 2, "the job: unknown field `crad`"),
        (
            json!({"job": "run", "outputs": ["tarce"]}),
            2,
            "there is no output 'tarce'; did you mean trace?",
        ),
        (json!({"job": "rnu"}), 2, "there is no job 'rnu'; did you mean run?"),
        (json!({"run": "job"}), 2, "a job has its name in \"job\""),
        (json!([1]), 2, "a job is an object"),
        (json!({"job": "view", "of": "a", "outputs": []}), 2, "no trace is kept as 'a'"),
        (
            json!({"job": "imports", "driver": {"name": "uart"}}),
            2,
            "imports are those of a driver in a file",
        ),
        (json!({"job": "save", "name": "a/b"}), 2, "the name of a scenario has"),
        (json!({"job": "check", "file": "card.toml"}), 3, "card.toml:"),
    ];
    for (job, exit, begins) in cases {
        let (came, sentence) = refusal(&mut lab, job.clone());
        assert_eq!(came, exit, "{job}: {sentence}");
        assert!(sentence.starts_with(begins), "{job}: {sentence}");
        assert!(!sentence.contains('\n'), "{job}: {sentence}");
    }
    let answer = lab.run(b"{");
    assert_eq!(answer.exit, Exit::Usage);
    assert!(lab.put("", Vec::new()).is_err());
    let error =
        &result(&run(&mut lab, json!({"job": "run", "card": {"file": "card.toml"}})))["error"];
    assert_eq!((&error["line"], &error["column"]), (&json!(3), &json!(1)), "{error}");
}

#[test]
fn a_driver_that_refuses_to_start_has_a_reason_and_a_trace() {
    let mut lab = Lab::default();
    lab.put("second_ack.sys", driver("x64/second_ack.sys")).unwrap();
    let answer = run(&mut lab, json!({"job": "run", "driver": {"file": "second_ack.sys"}}));
    let result = result(&answer);
    let sentence = result["error"]["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("the driver refuses to start: "), "{sentence}");
    assert_eq!((answer.exit, &result["error"]["kind"]), (Exit::CheckFailed, &json!("machine")));
    assert!(answer.text("trace").unwrap().contains("driver loads"));
}

#[test]
fn a_kept_trace_has_the_views_that_its_run_has() {
    let mut lab = Lab::default();
    let views = ["trace", "timeline", "latency", "jsonl", "vcd", "reading"];
    let at_once = run(&mut lab, json!({"job": "run", "keep": "a", "outputs": views}));
    let later = run(&mut lab, json!({"job": "view", "of": "a", "outputs": views}));
    for view in views.into_iter().filter(|view| *view != "latency") {
        assert_eq!(at_once.bytes(view), later.bytes(view), "{view}");
    }
    // The text of a trace gives the same timeline as the kept trace.
    lab.put("a.trace", at_once.bytes("trace").unwrap().to_vec()).unwrap();
    let read = run(&mut lab, json!({"job": "view", "of": "a.trace", "outputs": ["timeline"]}));
    assert_eq!(read.bytes("timeline"), at_once.bytes("timeline"));
    let explained = json!({"job": "view", "of": "a", "outputs": ["explain"], "at": "250ms"});
    assert!(run(&mut lab, explained).text("explain").is_some());
    assert_eq!(result(&run(&mut lab, json!({"job": "kept"})))["notes"], json!(["a"]));
    run(&mut lab, json!({"job": "forget", "keep": "a"}));
    assert_eq!(result(&run(&mut lab, json!({"job": "kept"})))["notes"], json!([]));
}

#[test]
fn two_kept_runs_are_compared_by_their_causes() {
    let mut lab = Lab::default();
    run(&mut lab, json!({"job": "run", "keep": "typical", "outputs": []}));
    run(&mut lab, json!({"job": "run", "keep": "again", "outputs": []}));
    run(&mut lab, json!({"job": "run", "keep": "slow", "timing": "max", "outputs": []}));
    let outputs = ["diff", "diff-text", "timeline"];
    let against = |second: &str| {
        let (job, first) = ("compare", "typical");
        json!({"job": job, "first": first, "second": second, "outputs": outputs})
    };
    let same = run(&mut lab, against("again"));
    assert_eq!(result(&same)["verdict"]["word"], "same");
    assert_eq!(same.exit, Exit::Good);
    let other = run(&mut lab, against("slow"));
    assert_eq!(result(&other)["verdict"]["word"], "different");
    assert!(!output(&other, "diff")["findings"].as_array().unwrap().is_empty());
    assert!(other.text("timeline").unwrap().starts_with("<!doctype html>"));
}

#[test]
fn a_song_goes_out_while_another_comes_in() {
    let mut lab = Lab::default();
    let job = json!({
        "job": "run", "verb": "both", "song": {"notes": "C4 E4"}, "input": {"bytes": "F8 F8"},
        "outputs": ["summary", "trace"], "keep": "both"
    });
    let answer = run(&mut lab, job);
    assert_eq!(result(&answer)["verdict"]["word"], "passed", "{}", result(&answer));
    let checks = &output(&answer, "scenarios")["scenarios"][0]["checks"];
    assert_eq!(
        checks[0],
        json!({"name": "wire-out", "passed": true, "words": "90 3C 40 90 40 40"})
    );
    assert_eq!(checks[1], json!({"name": "read", "passed": true, "words": "F8 F8"}));
}

#[test]
fn a_script_tells_what_was_expected_and_got_and_its_signals() {
    let mut lab = Lab::default();
    let script = "init uart\nW D 90\nP S 40 00 100 0 -> ok\nwait 500\nwire -> 91\nirq -> down\n";
    let job = json!({"job": "ops", "text": script, "cards": ["roland-mpu401", "sb16"]});
    let answer = run(&mut lab, job);
    let result_of = result(&answer);
    assert_eq!(result_of["verdict"]["word"], "failed", "{result_of}");
    let runs = &output(&answer, "ops")["files"][0]["runs"];
    assert_eq!(runs.as_array().unwrap().len(), 2);
    let failed = &runs[0]["scenarios"][0]["lines"][4];
    assert_eq!((&failed["line"], &failed["outcome"]), (&json!(5), &json!("fail")));
    assert_eq!((&failed["expected"], &failed["got"]), (&json!("91"), &json!("90")));
    let part = &output(&answer, "signals")["runs"][0]["scenarios"][0]["parts"][0];
    let byte = &part["bytes"][0];
    assert_eq!(
        (&byte["lane"], &byte["byte"], &part["line"]),
        (&json!("out"), &json!(0x90), &json!(1))
    );
    let lasts = byte["end_ns"].as_u64().unwrap() - byte["start_ns"].as_u64().unwrap();
    assert_eq!(lasts, 320_000);
    assert_eq!(part["irq"][0]["level"], 0);

    let wrong = run(&mut lab, json!({"job": "ops", "text": "init uart\nX Y\n"}));
    let error = &result(&wrong)["error"];
    assert_eq!((&error["line"], &error["column"]), (&json!(2), &json!(1)), "{error}");
    assert_eq!(output(&wrong, "ops")["files"][0]["error"]["line"], 2);
}

#[test]
fn a_broken_rule_names_its_place_and_its_time() {
    let mut lab = Lab::default();
    lab.put("irql_kept.sys", driver("x64/irql_kept.sys")).unwrap();
    let answer = run(&mut lab, json!({"job": "run", "driver": {"file": "irql_kept.sys"}}));
    let verdict = &result(&answer)["verdict"];
    assert_eq!((answer.exit, &verdict["word"]), (Exit::RuleBroken, &json!("rule-broken")));
    assert!(verdict["time_ns"].as_u64().unwrap() > 0, "{verdict}");
}

/// An INF of two models. The models differ in their port and their interrupt line.
const INF: &[u8] = b"[Version]\n[Manufacturer]\nMe=M\n[M]\nFirst=I\nSecond=J\n[I]\nLogConfig=A\n\
    [A]\nIOConfig=330-331\nIRQConfig=9\n[J]\nLogConfig=B\nAddReg=V\n[B]\nIOConfig=300-301\n\
    IRQConfig=5\n[V]\nHKR,,Patch,0x10001,1\n";

#[test]
fn an_inf_without_room_for_the_card_says_which_keys_of_a_job_mend_it() {
    let mut lab = Lab::default();
    lab.put("setup.inf", INF.to_vec()).unwrap();
    let answer = run(&mut lab, json!({"job": "run", "inf": {"file": "setup.inf"}, "port": "340"}));
    let sentence = result(&answer).to_string();
    let keys = "choose its port, or name the resources of the device: `port` or `resources`";
    assert!(sentence.contains(keys), "{sentence}");
}

#[test]
fn a_saved_run_names_the_model_of_its_inf() {
    let mut lab = Lab::default();
    lab.put("setup.txt", INF.to_vec()).unwrap();
    let inf = json!({"file": "setup.txt", "model": "Second"});
    let answer = run(&mut lab, json!({"job": "save", "name": "installed", "inf": inf}));
    let of = |name: &str| {
        let output = answer.outputs.iter().find(|output| output.file_name == name);
        String::from_utf8(output.expect(name).bytes.clone()).expect("text")
    };
    assert!(of("installed.toml").contains("inf = \"setup.txt.inf:Second\"\n"));
    assert!(of("installed.trace").contains("port 300, irq 5"), "{}", of("installed.trace"));
    assert_eq!(of("setup.txt.inf").as_bytes(), INF);
}

#[test]
fn a_run_is_saved_as_a_scenario_that_the_lab_itself_checks() {
    for (name, job) in [
        ("good", json!({"song": {"notes": "C4 E4 @100"}, "card": {"name": "sb16"}, "irq": 5})),
        ("tune", json!({})),
        ("capture", json!({"verb": "capture", "song": {"bytes": "90 3C 40"}})),
        ("both", json!({"verb": "both", "timing": "seeded:3"})),
        ("leak", json!({"driver": {"file": "pool_leak.sys"}})),
        ("hang", json!({"driver": {"file": "endless_loop.sys"}, "call_budget": 1_000_000})),
        ("check", json!({"driver": {"file": "paged_write.sys"}, "instruction_time": "0ns"})),
        ("broken", json!({"driver": {"file": "irql_kept.sys"}, "registry": ["A=dword:1"]})),
        ("installed", json!({"inf": {"file": "setup.txt", "model": "Second"}})),
    ] {
        let mut lab = Lab::default();
        lab.put("setup.txt", INF.to_vec()).unwrap();
        for file in ["pool_leak.sys", "endless_loop.sys", "paged_write.sys", "irql_kept.sys"] {
            lab.put(file, driver(&format!("x64/{file}"))).unwrap();
        }
        let mut keys = job.as_object().unwrap().clone();
        keys.extend([("job".to_owned(), json!("save")), ("name".to_owned(), json!(name))]);
        let answer = run(&mut lab, Value::Object(keys));
        assert_eq!(result(&answer)["verdict"]["word"], "passed", "{name}: {}", result(&answer));
        // A new lab that has only the saved files.
        let mut fresh = Lab::default();
        for output in answer.outputs.iter().skip(1).filter(|it| !it.name.ends_with(".zip")) {
            fresh.put(&output.file_name, output.bytes.clone()).unwrap();
        }
        let checked = run(&mut fresh, json!({"job": "check", "file": format!("{name}.toml")}));
        assert_eq!(result(&checked)["verdict"]["word"], "passed", "{name}: {}", result(&checked));
    }
}

#[test]
fn thirty_runs_in_a_row_are_the_same() {
    let mut lab = Lab::default();
    lab.put("uart.sys", driver("x64/uart.sys")).unwrap();
    let job = || json!({"job": "run", "driver": {"file": "uart.sys"}});
    let first = run(&mut lab, job());
    for _ in 1..30 {
        assert_eq!(run(&mut lab, job()).outputs, first.outputs);
    }
}
