//! Runs a filter as the kernel would, for the tests.

use libc::sock_filter;

/// A system call as the filter sees it.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) architecture: u32,
    pub(super) number: u32,
    pub(super) arguments: [u64; 6],
}

/// What the filter answered, and after how many instructions.
pub(super) struct Run {
    pub(super) answer: u32,
    pub(super) steps: usize,
}

impl Call {
    /// The 64 bytes of `struct seccomp_data`.
    fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.architecture.to_le_bytes());
        bytes.extend(0x7fff_dead_beef_u64.to_le_bytes());
        self.arguments.iter().for_each(|argument| bytes.extend(argument.to_le_bytes()));
        bytes
    }
}

/// Panics where the kernel would have refused to install the program.
pub(super) fn run(program: &[sock_filter], call: Call) -> Run {
    let data = call.bytes();
    let mut accumulator = 0_u32;
    let mut at = 0;
    for steps in 1.. {
        let sock_filter { code, jt, jf, k } = program[at];
        at += 1;
        let mut branch = |holds: bool| at += usize::from(if holds { jt } else { jf });
        match code {
            0x20 => {
                let offset = k as usize;
                assert!(offset.is_multiple_of(4), "unaligned load");
                accumulator = u32::from_le_bytes(data[offset..offset + 4].try_into().unwrap());
            }
            0x54 => accumulator &= k,
            0x05 => at += k as usize,
            0x15 => branch(accumulator == k),
            0x35 => branch(accumulator >= k),
            0x45 => branch(accumulator & k != 0),
            0x06 => return Run { answer: k, steps },
            other => panic!("instruction {other:#x} is not among those that the kernel can judge beforehand"),
        }
    }
    unreachable!("the loop has no end")
}
