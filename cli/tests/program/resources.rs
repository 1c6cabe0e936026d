//! `--resource`, `[[resource]]` of a card's file, and `--inf`.

use serde_json::{Value, json};

use crate::support::{Folder, Ran, driver_path};

const LIST: [&str; 7] =
    ["port:220+16,sb-dsp", "mpu401", "port:388+4", "dma:1", "dma:5", "irq:5", "irq"];

/// A folder with three bytes, a driver, its INF and a card's file.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.put("three.raw", [0x90, 0x3C, 0x40]);
    let driver = std::fs::read(driver_path("x86/second_range.sys"));
    folder.put("driver.sys", driver.expect("a test driver"));
    folder.put("driver.inf", include_bytes!("../../../guest/drivers/inf/second_range.inf"));
    folder.put("combined-card.toml", include_bytes!("../../../docs/combined-card.toml"));
    folder
}

/// Plays three bytes through the driver on an `sb16`, with these options.
fn play(options: &[&str]) -> Ran {
    let job = ["play", "three.raw", "--input-format", "raw", "--driver", "driver.sys"];
    folder().run(&[&job[..], &["--card", "sb16"], options].concat())
}

fn json_of(ran: &Ran) -> Value {
    serde_json::from_str(ran.text()).expect("a JSON summary")
}

/// A summary in text without the beginning of the trace.
fn head(ran: &Ran) -> &str {
    ran.text().split("\n\nThe trace begins").next().expect("there is a first part")
}

#[test]
fn the_resources_of_the_command_line_are_in_the_summary_with_what_met_nothing() {
    let options: Vec<&str> = LIST.iter().flat_map(|word| ["--resource", word]).collect();
    let ran = play(&options);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!("resources_text", head(&ran));
    let plain: Vec<&str> = options.iter().map(|word| word.trim_end_matches(",sb-dsp")).collect();
    let ran = play(&[&plain[..], &["--format", "json"]].concat());
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.stderr,
        "error: the driver refuses to start: StartDevice answered STATUS_NO_SUCH_DEVICE; with \
         --trace - you see what the driver did\n"
    );
}

#[test]
fn an_inf_gives_resources_and_registry_values_and_the_summary_says_what_was_not_used() {
    let ran = play(&["--inf", "driver.inf"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!("inf_text", head(&ran));
    let summary = json_of(&play(&["--inf", "driver.inf", "--format", "json"]));
    assert_eq!(summary["machine"]["port"], "330");
    assert_eq!(summary["machine"]["irq"], 9);
    let resources: Vec<&str> =
        vec!["port:220+16,sb-dsp", "mpu401", "port:388+4", "irq:5", "irq", "dma:1", "dma:5"];
    assert_eq!(summary["machine"]["resources"], json!(resources));
    assert_eq!(summary["inf"]["registry_values"], 8);
    assert_eq!(summary["unmodelled"][0]["range"], "220+16,sb-dsp");
}

#[test]
fn an_inf_without_room_at_the_usual_places_moves_the_card() {
    let folder = folder();
    let inf = std::str::from_utf8(include_bytes!("../../../guest/drivers/inf/second_range.inf"));
    let inf = inf.expect("it is text").replace("LogConfig = Card.First, ", "LogConfig = ");
    folder.put("driver.inf", inf);
    let job = ["play", "three.raw", "--input-format", "raw", "--driver", "driver.sys"];
    let ran = folder.run(&[&job[..], &["--inf", "driver.inf", "--format", "json"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let summary = json_of(&ran);
    assert_eq!(
        (&summary["machine"]["port"], &summary["machine"]["irq"]),
        (&json!("300"), &json!(10))
    );
}

#[test]
fn the_example_card_gives_its_resources_and_an_inf_then_only_its_values() {
    let folder = folder();
    let job = ["play", "three.raw", "--input-format", "raw", "--format", "json"];
    let more = ["--card", "combined-card.toml", "--driver", "driver.sys", "--inf", "driver.inf"];
    let summary = folder.run(&[&job[..], &more].concat());
    // The driver takes the first range for the DSP. On this card the first range is the
    // synthesizer.
    assert_eq!(summary.code, 1, "{}", summary.stderr);
    let more = ["--card", "combined-card.toml", "--inf", "driver.inf"];
    let ran = folder.run(&[&["filters"][..], &more].concat());
    // The reference driver is for a device that has only an MPU-401.
    assert!(ran.stderr.contains("STATUS_DEVICE_CONFIGURATION_ERROR"), "{}", ran.stderr);
    let ran = folder.run(&["cards", "--show", "combined-card.toml"]);
    assert!(ran.text().contains("\n[[resource]]\nkind = \"port\"\nstart = 0x388\n"), "{ran:?}");
}

#[test]
fn bad_resources_and_bad_infs_are_one_line_that_says_how_to_mend_them() {
    let cases: [(&[&str], i32, &str); 7] = [
        (
            &["--resource", "port:220+16"],
            2,
            "the list of resources: no range of the list is the MPU-401's; put mpu401 at its \
             place among the ranges",
        ),
        (
            &["--resource", "mpu401", "--resource", "port:331+2"],
            2,
            "the resource port:331+2: the ports 330 to 331 and 331 to 332 overlap; move one of \
             the ranges, or leave it out",
        ),
        (
            &["--resource", "mpu401", "--resource", "irq:5"],
            2,
            "the list of resources: no interrupt of the list is the MPU-401's line 9; put irq at \
             its place among the lines, or give the MPU-401 a line of the list",
        ),
        (
            &["--inf", "driver.inf", "--port", "340"],
            2,
            "the INF's section [Card.First]: no IOConfig has room for the MPU-401 at port 340; \
             choose its port, or name the resources of the device: --port or --resource",
        ),
        (
            &["--inf", "driver.inf:Mine"],
            3,
            "driver.inf:17:10: there is no model Mine; the models are Test card, MPU-401 in the \
             second range",
        ),
        (
            &["--inf", "three.raw"],
            3,
            "three.raw:1:1: a line stands before the first section; begin the file with a \
             section, as in [Version]; is it an INF?",
        ),
        (
            &["--inf", "no.inf"],
            3,
            "cannot read no.inf: No such file or directory; give a driver's .inf",
        ),
    ];
    for (options, code, line) in cases {
        let ran = play(options);
        assert_eq!((ran.stderr, ran.code), (format!("error: {line}\n"), code), "{options:?}");
    }
    let ran = play(&["--resource", "dma"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("give mpu401, port:START+LENGTH, irq, irq:LINE"), "{}", ran.stderr);
}
