//! What the gate costs, where a process's memory can be read.

#[cfg(target_os = "linux")]
mod linux;

fn main() {
    #[cfg(target_os = "linux")]
    linux::run();
}
