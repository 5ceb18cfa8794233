//! Writes a filter from its end to its beginning: jumps only go forward, so each finds its target in place.

use libc::sock_filter;

/// Where a jump leads.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// To the end, with this answer.
    Answer(u32),
    /// To an instruction that is already there, counted from the end of the program.
    Instruction(usize),
}

/// A program whose last instruction comes first.
pub(super) struct Assembler {
    reversed: Vec<sock_filter>,
    /// Where each answer was last written.
    answers: Vec<(u32, usize)>,
}

/// Conditional jumps skip at most 255 instructions. One less, since a jump's second target may add an instruction
/// before its first.
const REACH: usize = 254;

impl Assembler {
    pub(super) fn with_capacity(instructions: usize) -> Self {
        Self { reversed: Vec::with_capacity(instructions), answers: Vec::with_capacity(8) }
    }

    /// Loads four bytes of the call's description.
    pub(super) fn load(&mut self, offset: u32, next: Target) -> Target {
        self.step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, next)
    }

    /// Keeps only these bits of what is loaded.
    pub(super) fn and(&mut self, mask: u32, next: Target) -> Target {
        self.step(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, mask, next)
    }

    /// Compares what is loaded with `value`.
    pub(super) fn jump(&mut self, test: u32, value: u32, yes: Target, no: Target) -> Target {
        let yes = self.reach(yes, REACH);
        let no = self.reach(no, REACH);
        let (jt, jf) = (self.distance(yes) as u8, self.distance(no) as u8);
        self.push(libc::BPF_JMP | test | libc::BPF_K, jt, jf, value)
    }

    /// The program in the order in which it runs.
    pub(super) fn finish(mut self) -> Vec<sock_filter> {
        self.reversed.reverse();
        self.reversed
    }

    /// An instruction that goes on with `next`.
    fn step(&mut self, code: u32, operand: u32, next: Target) -> Target {
        self.reach(next, 0);
        self.push(code, 0, 0, operand)
    }

    /// An instruction that leads to `target` and is at most `distance` away, written now if there is none.
    fn reach(&mut self, target: Target, distance: usize) -> usize {
        let place = match target {
            Target::Instruction(place) => Some(place),
            Target::Answer(value) => self.answers.iter().rev().find(|(known, _)| *known == value).map(|(_, at)| *at),
        };
        if let Some(place) = place.filter(|place| self.distance(*place) <= distance) {
            return place;
        }
        let here = self.reversed.len();
        match target {
            Target::Instruction(place) => {
                self.push(libc::BPF_JMP | libc::BPF_JA, 0, 0, self.distance(place) as u32);
            }
            Target::Answer(value) => {
                self.push(libc::BPF_RET | libc::BPF_K, 0, 0, value);
                self.answers.push((value, here));
            }
        }
        here
    }

    /// How many instructions lie between the next one and the one at `place`.
    fn distance(&self, place: usize) -> usize {
        self.reversed.len() - 1 - place
    }

    fn push(&mut self, code: u32, jt: u8, jf: u8, k: u32) -> Target {
        // Codes are 16 bits wide; the `libc` crate has their parts as 32.
        self.reversed.push(sock_filter { code: code as u16, jt, jf, k });
        Target::Instruction(self.reversed.len() - 1)
    }
}
