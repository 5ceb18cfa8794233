//! Questions to the gate's DNS: no bytes make the reader panic, and whatever is answered at all is answered with the
//! same number, as a response, and not larger than a question may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_gate::Question;

fuzz_target!(|bytes: &[u8]| {
    let Some(question) = Question::read(bytes) else { return };
    assert!(question.text.len() <= 1024);
    if let Some(reply) = Question::refusal(bytes) {
        assert_eq!(reply[..2], bytes[..2]);
        assert!(reply[2] & 0x80 != 0 && reply[3] & 0x0f == 5);
        assert!(Question::read(&reply).is_none(), "no answer is taken for a question");
    }
});
