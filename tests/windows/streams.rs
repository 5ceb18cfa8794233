//! Standard streams go to the command and come back as they are.

use crate::room::Room;

#[test]
fn a_large_input_goes_in_and_comes_out_byte_by_byte() {
    let Some(room) = Room::new() else { return };
    let mut state = 1_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let input: Vec<u8> = (0..4_000_000).map(|_| byte()).collect();
    // Handed on as it is; and passed through where it is counted.
    for flags in [&[][..], &["--limit", "output=1GiB"]] {
        let ended = room.run_with(flags, &["pass"]).input(input.clone()).go().ends_with(0);
        assert!(ended.stdout == input, "{} bytes of {} came out", ended.stdout.len(), input.len());
    }
}

#[test]
fn output_and_errors_stay_apart() {
    let Some(room) = Room::new() else { return };
    for flags in [&[][..], &["--limit", "output=1MiB"]] {
        let ended = room.run_with(flags, &["both"]).go().ends_with(0).says("to err\n");
        assert_eq!(ended.text(), "to out");
        assert!(!ended.stderr.contains("to out"), "{ended}");
    }
}

#[test]
fn a_command_without_input_finds_its_end() {
    let Some(room) = Room::new() else { return };
    assert_eq!(room.run(&["pass"]).go().ok(), "");
}
