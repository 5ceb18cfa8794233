//! A run at a terminal: the command has a console of its own, made by pinfold, whose keys and screen are passed on.
//!
//! Wine's consoles are less than those of Windows: they give no streams to whoever is started on one (so the tests' own
//! program does), know no change of size, and end with the byte that Ctrl-C types.

use pinfold_tests::{TypedTerminal, eventually};

use crate::room::{Call, Ended, Room, Running};

/// `ENABLE_PROCESSED_INPUT`, `ENABLE_LINE_INPUT` and `ENABLE_ECHO_INPUT` (MS-Console, `SetConsoleMode`).
const COOKED: u32 = 0x7;

/// Somebody who sits at a terminal while a program runs.
pub(crate) struct Sitting<'a> {
    terminal: TypedTerminal,
    shown: String,
    run: Running<'a>,
}

impl<'a> Sitting<'a> {
    /// A shell in a run.
    fn shell(room: &'a Room) -> Self {
        Self::at(|terminal| room.run(&["on-console", "cmd"]).at(terminal)).sees("project>")
    }

    pub(crate) fn at(call: impl FnOnce(&TypedTerminal) -> Call<'a>) -> Self {
        let terminal = TypedTerminal::open().plain(97, 31);
        let run = call(&terminal).start();
        Self { terminal, shown: String::new(), run }
    }

    pub(crate) fn types(self, text: &str) -> Self {
        self.terminal.type_in(text);
        self
    }

    /// Waits until something is shown, and forgets what was before it.
    pub(crate) fn sees(mut self, text: &str) -> Self {
        let mut is_there = || {
            self.shown += &self.terminal.shown();
            self.shown.contains(text)
        };
        // A process of Wine may take seconds to begin.
        let is_seen = (0..12).any(|_| eventually(&mut is_there));
        assert!(is_seen, "{text:?} is not shown: {:?}", self.shown);
        self.shown = self.shown.split_once(text).map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        self
    }

    pub(crate) fn ends(self) -> Ended {
        self.run.wait()
    }
}

/// A room of each kind: the command is the supervisor's child, and a runner's.
fn rooms() -> impl Iterator<Item = Room> {
    [Room::new, Room::with_accounts].into_iter().map_while(|make| make())
}

#[test]
fn what_is_typed_reaches_the_shell_and_what_it_says_comes_back() {
    for room in rooms() {
        let shell = Sitting::shell(&room).types("echo hel%OS%lo\r").sees("helWindows_NTlo").sees("project>");
        // The screen is as large as the terminal that pinfold was called at.
        let shell = shell.types(&format!("{} size\r", room.helper())).sees("97x31").sees("project>");
        shell.types("echo x> proof\r").sees("project>").types("exit 7\r").ends().ends_with(7);
        assert!(room.has("home/project/proof"));
    }
}

#[test]
fn every_key_is_the_commands() {
    for room in rooms() {
        let helper = room.helper();
        // Ctrl-Z ends no input, and what is beyond ASCII is one character.
        let shell = [("\u{1a}", 26), ("ü", 252)].into_iter().fold(Sitting::shell(&room), |shell, (key, number)| {
            let shell = shell.types(&format!("{helper} key\r")).sees("it listens");
            shell.types(key).sees(&format!("character-{number}")).sees("project>")
        });
        shell.types("exit 0\r").ends().ends_with(0);
    }
}

#[test]
fn an_interrupt_of_the_commands_console_is_none_of_pinfolds() {
    for room in rooms() {
        let helper = room.helper();
        let run = Sitting::at(|terminal| room.run(&["on-console", &helper, "interrupt"]).at(terminal));
        run.sees("it-was-interrupted").ends().ends_with(0);
    }
}

#[test]
fn the_console_is_as_it_was_before_when_the_run_is_over() {
    for room in rooms() {
        Sitting::shell(&room).types("exit 0\r").ends().ends_with(0);
        let modes = room.read("modes");
        let modes: Vec<Vec<u32>> = modes.lines().map(|line| line.split(' ').flat_map(str::parse).collect()).collect();
        let [before, while_it_ran @ .., after] = &modes[..] else { panic!("{modes:?}") };
        assert_eq!(before, after, "{modes:?}");
        assert!(before[0] & COOKED == COOKED, "the control: {modes:?}");
        // Neither a line at a time nor shown twice; and Ctrl-C is a key like others, and ends nothing here.
        assert!(while_it_ran.iter().any(|modes| modes[0] & COOKED == 0), "{modes:?}");
    }
}
