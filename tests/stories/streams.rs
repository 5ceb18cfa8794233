//! Standard input and output, arguments, environment and paths go through unchanged.

use crate::desk::Desk;

/// How much is piped through.
const PIPED: usize = 1 << 30;

/// Bytes of every value, and no two blocks alike.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(length / 8).flatten().collect()
}

#[test]
fn binary_input_and_output_are_unchanged() {
    let desk = Desk::new();
    let sent = bytes(8 << 20);
    let ended = desk.pinfold(["run", "--", "cat"]).input(sent.clone()).run();
    assert!(ended.stdout == sent, "{} bytes came back, {} were sent", ended.stdout.len(), sent.len());
    ended.ends_with(0);
}

#[test]
fn a_gibibyte_goes_through_a_pipe() {
    let desk = Desk::new();
    let count = format!("head -c {PIPED} /dev/zero");
    let bare = desk.outside(&format!("{count} | cat | wc -c"));
    let inside = desk.outside(&format!("{count} | pinfold run -- cat | wc -c"));
    assert_eq!((bare.ok(), inside.ok()), (PIPED.to_string(), PIPED.to_string()));
}

#[test]
fn a_reader_that_has_enough_ends_the_run() {
    let desk = Desk::new();
    let ended = desk.outside("pinfold run -- yes | head -1; echo ${PIPESTATUS[0]}");
    assert_eq!(ended.ok(), "y\n141");
}

#[test]
fn a_command_that_reads_little_ends_although_its_input_does_not() {
    let desk = Desk::new();
    assert_eq!(desk.outside("yes | pinfold run -- head -1; echo ${PIPESTATUS[*]}").ok(), "y\n141 0");
}

#[test]
fn closed_standard_descriptors_are_no_trouble() {
    let desk = Desk::new();
    assert_eq!(desk.outside("pinfold run -- sh -c 'cat; echo read' <&-").ok(), "read");
    desk.outside("pinfold run -- true >&-").ok();
    desk.outside("pinfold run -- true 2>&-").ok();
    desk.outside("pinfold run -- true <&- >&- 2>&-").ok();
}

#[test]
fn output_keeps_its_two_streams() {
    let desk = Desk::new();
    let ended = desk.inside("echo out; echo err >&2");
    assert_eq!((ended.text().as_str(), ended.stderr.as_str()), ("out", "err\n"), "{ended}");
}

#[test]
fn output_goes_straight_to_a_file_and_can_be_appended() {
    let desk = Desk::new();
    desk.outside("echo before > log; pinfold run -- echo inside >> log; pinfold run -- sh -c 'cat' < log > copy").ok();
    assert_eq!(desk.read("home/project/copy"), "before\ninside\n");
}

#[test]
fn runs_in_the_background_and_side_by_side_do_not_disturb_each_other() {
    let desk = Desk::new();
    let script = "for i in $(seq 12); do pinfold run -- sh -c \"echo $i > out-$i; git status -s > /dev/null\" & jobs=\"$jobs $!\"; done
        for job in $jobs; do wait $job || echo failed; done; cat out-* | sort -n | tr '\\n' ' '";
    assert_eq!(desk.outside(script).ok(), "1 2 3 4 5 6 7 8 9 10 11 12");
}

#[test]
fn long_arguments_arrive_whole() {
    let desk = Desk::new();
    let words: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    let ended = desk.pinfold(["run", "--", "/bin/echo"]).arguments(&words).run();
    assert!(ended.text() == words.join(" "), "{} bytes came back", ended.stdout.len());
}

#[test]
fn arguments_that_are_no_text_arrive_as_they_are() {
    let desk = Desk::new();
    let ended = desk.outside(r"pinfold run -- printf '[%s]' '' ' ' $'\xff\xfe' '*' '$HOME' '--' $'new\nline'");
    assert_eq!(ended.stdout, b"[][ ][\xff\xfe][*][$HOME][--][new\nline]");
}

#[test]
fn a_large_environment_arrives_whole() {
    let desk = Desk::new();
    let mut call =
        desk.pinfold(["run", "--env", "LARGE", "--", "/bin/sh", "-c", "echo ${#LARGE}; env | grep -c ^LC_S"]);
    call = call.variable("LARGE", "x".repeat(120_000));
    for number in 0..300 {
        call = call.variable(&format!("LC_S{number}"), "y".repeat(2000));
    }
    assert_eq!(call.run().ok(), "120000\n300");
}

#[test]
fn paths_of_nearly_4000_bytes_work() {
    let desk = Desk::new();
    let deep = format!("set -e; {}", "mkdir -p $(printf 'ü%.0s' $(seq 100)); cd ü*; ".repeat(18));
    desk.inside(&format!("{deep} echo deep > f; cat f; pwd | wc -c")).ok();
    let script = format!("{deep} pinfold run -- sh -c 'cat f; pwd | wc -c'");
    let text = desk.outside(&script).ok();
    assert!(text.starts_with("deep\n3"), "{text}");
    assert_eq!(desk.inside("git status --porcelain | wc -l").ok(), "1");
}

#[test]
fn strange_names_work() {
    let desk = Desk::new();
    let names = r"names=('a b' $'new\nline' $'\xff' '-rf' 'quote'\''s' '*' '日本語' '😀')";
    desk.inside(&format!(r#"{names}; for name in "${{names[@]}}"; do echo x > "./$name" || exit 1; done"#)).ok();
    let check = format!(r#"{names}; for name in "${{names[@]}}"; do cat "./$name" || exit 1; done | wc -l"#);
    assert_eq!(desk.outside(&check).ok(), "8");
}
