//! Limits: what goes beyond is stopped, with a word about it.

use crate::desk::{Desk, lacks};

#[test]
fn too_much_memory_ends_the_run_and_is_named() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let script = "/usr/bin/python3 -c 'import time; x = bytearray(500_000_000); time.sleep(5)'";
    desk.inside_with(&["--limit", "memory=100MiB"], script).ends_with(137).says("limits.memory");
}

#[test]
fn too_many_processes_are_refused() {
    let desk = Desk::new();
    let script = "for i in $(seq 40); do sleep 2 & done 2>/dev/null; jobs -r | wc -l";
    let ended = desk.inside_with(&["--limit", "processes=10"], script);
    assert!(ended.text().parse::<u32>().is_ok_and(|count| count < 11) || ended.code() != 0, "{ended}");
}

#[test]
fn output_files_and_temporary_space_are_bounded() {
    let desk = Desk::new();
    let ended = desk.inside_with(&["--limit", "output=1KiB"], "yes").says("limits.output");
    assert_eq!(ended.stdout.len(), 1024);
    desk.inside_with(&["--limit", "file-size=1KiB"], "head -c 10000 /dev/zero > large").ends_with(153);
    assert_eq!(std::fs::metadata(desk.path("home/project/large")).expect("the file").len(), 1024);
    desk.inside_with(&["--limit", "temp=1MiB"], "head -c 3M /dev/zero > /tmp/large").ends_with(1).says("No space left");
    desk.inside_with(&["--limit", "disk=1MiB"], "head -c 60M /dev/urandom > much; sleep 9")
        .ends_with(137)
        .says("limits.disk");
}

#[test]
fn too_much_processor_time_ends_the_command_and_is_named() {
    let desk = Desk::new();
    desk.inside_with(&["--limit", "cpu-time=1s"], "while :; do :; done").ends_with(137).says("limits.cpu-time");
    let [event] = &desk.events(&["--verdict", "refused"])[..] else { panic!("not one event") };
    assert_eq!((event["what"].as_str(), event["name"].as_str()), (Some("limit"), Some("limits.cpu-time")));
    assert_eq!(event["rule"].as_str(), Some("limits.cpu-time, --limit cpu-time=1s (command line)"));
}

#[test]
fn few_open_files_are_enough_to_start() {
    let desk = Desk::new();
    assert_eq!(desk.inside_with(&["--limit", "open-files=10"], "ulimit -n").ok(), "10");
}

#[test]
fn sizes_can_be_written_as_other_tools_write_them() {
    let desk = Desk::new();
    for size in ["memory=100M", "memory=1G", "memory=1GiB", "memory=1073741824", "wall-time=1m", "memory=none"] {
        desk.inside_with(&["--limit", size], "true").ok();
    }
}
