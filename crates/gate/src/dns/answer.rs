//! One question of the sandbox's resolver, and the bytes of its answer. The wire format is `simple-dns`'s.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pinfold_policy::Name;
use simple_dns::rdata::{A, AAAA, PTR, RData};
use simple_dns::{CLASS, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE};

/// How long an answer may be kept, in seconds: it means the same as long as the gate lives, but a later run means others.
const TTL_SECONDS: u32 = 60;

/// The header of a message (RFC 1035, section 4.1.1), and two of its fields.
const HEADER_BYTES: usize = 12;
const RESPONSE: u8 = 0b1000_0000;
const REFUSED: u8 = 5;

/// A question that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name as asked.
    pub text: String,
    /// The type as DNS calls it.
    pub kind: String,
    /// What is to be done about it.
    pub(crate) about: About,
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// The IPv4 address of a name.
    V4(Name),
    /// The IPv6 address of a name.
    V6(Name),
    /// How a name's services are reached: there is nothing that its addresses do not say. In particular no keys for
    /// encrypted client hellos (RFC 9848).
    Services(Name),
    /// The name of an address.
    Address(IpAddr),
    /// A name that is none, or something that addresses are not needed for: text and the like would be a tunnel.
    Refused(&'static str),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Name(Name),
    /// The name is there, but nothing of that type.
    Nothing,
    /// There is no such name.
    NoSuchName,
    Refused,
    /// The pool is empty.
    Failed,
}

impl Question {
    /// Reads a packet; nothing for one that is no query, which gets no answer at all.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [_, _, flags, ..] = *bytes.first_chunk::<HEADER_BYTES>()?;
        if flags & RESPONSE != 0 {
            return None;
        }
        let unreadable =
            || Self { text: String::new(), kind: String::new(), about: About::Refused("it is unreadable") };
        let Ok(packet) = Packet::parse(bytes) else { return Some(unreadable()) };
        let [question] = packet.questions.as_slice() else { return Some(unreadable()) };
        let text = question.qname.to_string();
        let class = matches!(question.qclass, QCLASS::CLASS(CLASS::IN));
        let about = match question.qtype {
            _ if packet.opcode() != OPCODE::StandardQuery => About::Refused("it is no query for a name"),
            _ if !class => About::Refused("it is not about the internet"),
            QTYPE::TYPE(TYPE::A) => named(&text, About::V4),
            QTYPE::TYPE(TYPE::AAAA) => named(&text, About::V6),
            QTYPE::TYPE(TYPE::HTTPS | TYPE::SVCB) => named(&text, About::Services),
            QTYPE::TYPE(TYPE::PTR) => {
                address(&text).map_or(About::Refused("only addresses have names"), About::Address)
            }
            _ => About::Refused("only addresses are answered"),
        };
        Some(Self { text: cut(text), kind: kind(question.qtype), about })
    }

    /// The refusal of a packet that a question was read from.
    pub fn refusal(bytes: &[u8]) -> Option<Vec<u8>> {
        Self::reply(bytes, &Answer::Refused)
    }

    /// The bytes of the answer to a packet that a question was read from.
    pub(crate) fn reply(bytes: &[u8], answer: &Answer) -> Option<Vec<u8>> {
        let query = Packet::parse(bytes).ok();
        let question = query.as_ref().and_then(|query| query.questions.first());
        let (Some(query), Some(question)) = (&query, question) else { return refusal(bytes) };
        let mut reply = Packet::new_reply(query.id());
        *reply.opcode_mut() = query.opcode();
        reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
        if query.has_flags(PacketFlag::RECURSION_DESIRED) {
            reply.set_flags(PacketFlag::RECURSION_DESIRED);
        }
        *reply.rcode_mut() = match answer {
            Answer::NoSuchName => RCODE::NameError,
            Answer::Refused => RCODE::Refused,
            Answer::Failed => RCODE::ServerFailure,
            _ => RCODE::NoError,
        };
        let data = match answer {
            Answer::V4(address) => Some(RData::A(A::from(*address))),
            Answer::V6(address) => Some(RData::AAAA(AAAA::from(*address))),
            Answer::Name(name) => Some(RData::PTR(PTR(simple_dns::Name::new(name.as_str()).ok()?))),
            _ => None,
        };
        let record = |data| ResourceRecord::new(question.qname.clone(), CLASS::IN, TTL_SECONDS, data);
        reply.answers.extend(data.map(record));
        reply.questions.push(question.clone());
        reply.build_bytes_vec_compressed().ok()
    }
}

/// The refusal of what cannot be read, or is of a type that is not known: a header alone. Silence would be waited for.
fn refusal(bytes: &[u8]) -> Option<Vec<u8>> {
    let [first, second, flags, ..] = *bytes.first_chunk::<HEADER_BYTES>()?;
    let mut header = [0; HEADER_BYTES];
    let opcode_and_recursion = flags & 0b0111_1001;
    header[..4].copy_from_slice(&[first, second, RESPONSE | opcode_and_recursion, REFUSED]);
    Some(header.into())
}

fn named(text: &str, about: impl FnOnce(Name) -> About) -> About {
    Name::new(text).map_or(About::Refused("it is no name of a host"), about)
}

/// The address that a name below `in-addr.arpa` or `ip6.arpa` stands for (RFC 1035, section 3.5; RFC 3596, section 2.5).
fn address(text: &str) -> Option<IpAddr> {
    let text = text.to_ascii_lowercase();
    let text = text.strip_suffix('.').unwrap_or(&text);
    if let Some(octets) = text.strip_suffix(".in-addr.arpa") {
        let octets: Vec<&str> = octets.rsplit('.').collect();
        return octets.join(".").parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    }
    let digits: Vec<&str> = text.strip_suffix(".ip6.arpa")?.rsplit('.').collect();
    if digits.len() != 32 || digits.iter().any(|digit| digit.len() != 1) {
        return None;
    }
    u128::from_str_radix(&digits.concat(), 16).ok().map(|bits| Ipv6Addr::from(bits).into())
}

fn kind(qtype: QTYPE) -> String {
    match qtype {
        QTYPE::TYPE(TYPE::Unknown(number)) => format!("TYPE{number}"),
        QTYPE::TYPE(kind) => format!("{kind:?}"),
        other => format!("{other:?}"),
    }
}

fn cut(mut text: String) -> String {
    let end = (0..=text.len().min(crate::limits::TEXT_BYTES_MAX)).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: QTYPE) -> Vec<u8> {
        let mut packet = Packet::new_query(7);
        let name = simple_dns::Name::new(name).expect(name);
        packet.questions.push(simple_dns::Question::new(name, kind, QCLASS::CLASS(CLASS::IN), false));
        packet.build_bytes_vec().expect("a packet")
    }

    fn about(name: &str, kind: QTYPE) -> About {
        Question::read(&query(name, kind)).expect("a question").about
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect(text)
    }

    #[test]
    fn only_addresses_of_names_and_names_of_addresses_are_asked_for() {
        assert_eq!(about("A.Example", TYPE::A.into()), About::V4(name("a.example")));
        assert_eq!(about("a.example", TYPE::AAAA.into()), About::V6(name("a.example")));
        assert_eq!(about("a.example", TYPE::HTTPS.into()), About::Services(name("a.example")));
        for kind in [TYPE::TXT, TYPE::NULL, TYPE::MX, TYPE::CNAME, TYPE::Unknown(65280)] {
            assert!(matches!(about("a.example", kind.into()), About::Refused(_)), "{kind:?}");
        }
        assert!(matches!(about("a.example", QTYPE::ANY), About::Refused(_)));
        assert!(matches!(about("a b.example", TYPE::A.into()), About::Refused(_)));
    }

    #[test]
    fn a_reverse_name_is_an_address() {
        let asked = |text: &str| about(text, TYPE::PTR.into());
        assert_eq!(asked("0.1.18.198.in-addr.arpa"), About::Address("198.18.1.0".parse().expect("an address")));
        let reversed = "0.0.1.0.2.1.6.c.0.0.0.0.0.0.0.0.4.6.c.6.f.6.6.6.e.6.9.6.0.7.d.f.ip6.arpa";
        assert_eq!(asked(reversed), About::Address("fd70:696e:666f:6c64::c612:100".parse().expect("an address")));
        for text in ["18.198.in-addr.arpa", "a.example", "00.1.ip6.arpa"] {
            assert!(matches!(asked(text), About::Refused(_)), "{text}");
        }
    }

    #[test]
    fn an_answer_repeats_the_question() {
        let bytes = query("a.example", TYPE::A.into());
        let reply = Question::reply(&bytes, &Answer::V4([198, 18, 1, 0].into())).expect("a reply");
        let reply = Packet::parse(&reply).expect("a packet");
        assert_eq!((reply.id(), reply.rcode(), reply.questions.len(), reply.answers.len()), (7, RCODE::NoError, 1, 1));
        assert!(matches!(&reply.answers[0].rdata, RData::A(a) if a.address == u32::from_be_bytes([198, 18, 1, 0])));
        let refused = Question::reply(&bytes, &Answer::Refused).expect("a reply");
        assert_eq!(Packet::parse(&refused).expect("a packet").rcode(), RCODE::Refused);
    }

    #[test]
    fn what_is_no_query_gets_no_answer() {
        let mut response = Packet::new_reply(7);
        let query = query("a.example", TYPE::A.into());
        response.questions = Packet::parse(&query).expect("a packet").questions;
        assert_eq!(Question::read(&response.build_bytes_vec().expect("a packet")), None);
        for bytes in [&b""[..], &[0; 11], &[0xff; 40]] {
            assert_eq!(Question::read(bytes), None);
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_at_once() {
        for bytes in [&[1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &[1, 2, 1, 0, 0, 9, 0, 0, 0, 0, 0, 0, 7]] {
            let question = Question::read(bytes).expect("a question");
            assert!(matches!(question.about, About::Refused(_)));
            let reply = Question::reply(bytes, &Answer::Refused).expect("a reply");
            assert_eq!(reply, [1, 2, 0x81, 5, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
    }
}
