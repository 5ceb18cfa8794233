//! What the command is: found, and given every word as it was written.

use crate::room::Room;

const HARD: [&str; 14] = [
    "",
    "a b",
    r#"c"d"#,
    r#"""#,
    r"ends with \",
    r"both \\",
    r#"\\"\"#,
    "tab\there",
    "%PATH%",
    "^&|<>()!",
    "*",
    "--best-effort",
    "grüße 日本 🦆",
    r"\\?\Z:\x",
];

#[test]
fn every_word_arrives_as_it_was_written() {
    let Some(room) = Room::new() else { return };
    let part = [&["words"], &HARD[..]].concat();
    // The control: Wine itself loses nothing on the way.
    for call in [room.bare(&part), room.run(&part)] {
        let text = String::from_utf8(call.go().ends_with(0).stdout).expect("text");
        assert_eq!(text.lines().collect::<Vec<_>>(), HARD);
    }
}

#[test]
fn the_exit_code_is_the_commands_own_in_all_its_bits() {
    let Some(room) = Room::new() else { return };
    // Wine itself gives no more than eight bits to whoever called it, so the tests' own program looks.
    for code in [0, 7, 125, 256, 4711, 0xc000_0005] {
        room.run(&["exit", &code.to_string()]).go().ends_with(code);
    }
}

#[test]
fn a_program_that_is_nowhere_is_127_and_the_message_names_it() {
    let Some(room) = Room::new() else { return };
    for name in ["no-such-program", r".\no-such-program.exe"] {
        room.pinfold(["run", "--best-effort", "--", name]).go().ends_with(127).says("no-such-program");
    }
}

#[test]
fn a_program_is_found_as_a_shell_finds_it_and_a_batch_file_is_run_as_one() {
    let Some(room) = Room::new() else { return };
    room.write("home/project/greet.cmd", "@echo hello %1\r\n");
    assert_eq!(room.pinfold(["run", "--best-effort", "--", r".\greet.cmd", "you"]).go().ok(), "hello you");
    assert_eq!(room.pinfold(["run", "--best-effort", "--", "cmd", "/c", "echo by name"]).go().ok(), "by name");
}

#[test]
fn arguments_of_pinfold_that_are_wrong_are_125_and_told() {
    let Some(room) = Room::new() else { return };
    for words in
        [&["run"][..], &["run", "--no-such-flag", "--", "cmd"], &["dance"], &["run", "--limit", "x=1", "--", "cmd"]]
    {
        let ended = room.pinfold(words).go().ends_with(125);
        assert!(!ended.stderr.is_empty(), "{ended}");
    }
    room.pinfold(["run", "--policy", "missing.toml", "--", "cmd"]).go().ends_with(125).says("missing.toml");
}
