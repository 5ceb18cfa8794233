//! What the ledger costs, where a processor's own clock can be read and one core kept.

#[cfg(target_os = "linux")]
mod linux;

fn main() {
    #[cfg(target_os = "linux")]
    linux::run();
}
