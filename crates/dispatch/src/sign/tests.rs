//! The expected values come from Python's `hmac` and `hashlib`, for instance:
//! `hmac.new(key, b"0b5e7a52-6a5c-4f5e-9a53-0f2e6d1c7b10.1750000000." + body, sha256)`.

use super::*;

const ID: Uuid = Uuid::from_u128(0x0b5e7a52_6a5c_4f5e_9a53_0f2e6d1c7b10);
const AT: i64 = 1_750_000_000;

struct Vector {
    secret: String,
    body: Vec<u8>,
    mist_v2: &'static str,
    mist_v1: &'static str,
    standard: &'static str,
}

fn vectors() -> Vec<Vector> {
    vec![
        Vector {
            secret: "s3cr3t-of-the-lobby".into(),
            body: br#"{"topic":"ping","events":[{"id":"1"}]}"#.to_vec(),
            mist_v2: "79b4d8d2380de1acd8c73c92bf03fa94873bdc29e815cd7aa92ae1844079c45f",
            mist_v1: "32243e74c72217dc8e45ca2e5fde7d267abb33c7",
            standard: "v1,SUUwQAlw3YnhAFjs8iDkFD9t/cwD+9B4O60qwMhjhTg=",
        },
        Vector {
            secret: "clé 鍵 🔑".into(),
            body: r#"{"topic":"audits","events":[{"message":"Zugriff für „Zoë“"}]}"#.into(),
            mist_v2: "35ebd483c2aad9dfb2022a9fb4ee4a0a4e7d3a3843e1100a8eae4c36b62b946a",
            mist_v1: "876dc33bb8547d486fdd78e5ebc799eccc090856",
            standard: "v1,FCKK0nW8NmC7yD4V4R1RkKnLZnvb1YrxEf1eiPds+w4=",
        },
        Vector {
            secret: "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX".into(),
            body: b"{}".to_vec(),
            mist_v2: "0a3c4b9bccfbb9e1b43fca20df5cde51d9145ca79e95595c96f6ec2813f72c44",
            mist_v1: "16cdf0b2de802d920f00c3b8fdc73c5a7484f660",
            standard: "v1,muUEoSIYNIKj1nyqFOAbrnG2Cbe5hJ8oKFg8X0crrUY=",
        },
        Vector {
            secret: "big".into(),
            body: vec![b'a'; 1 << 20],
            mist_v2: "683c5c54262d986c275405d36c579482e15a780c54c25891ca694b8ee0d75d49",
            mist_v1: "7680abd41724581c6264267c833768dc64d77c91",
            standard: "v1,l1Z3KLS1NC93F9p0UgGkIDi2Jg1G5pDdPEbgxbGHwxQ=",
        },
        Vector {
            secret: "k".repeat(100),
            body: Vec::new(),
            mist_v2: "d46761768ee3c864fc76c08b3d73c8092853ae3fefa01b990963dfa2d56e7334",
            mist_v1: "10e662acd95fe69433326f84609dcfad9e5cb1d1",
            standard: "v1,x/0gmpwm9CsPKzIslw2CkyzINyHaaKl+uYWZh9dcPDo=",
        },
        Vector {
            secret: "whsec_!!notbase64".into(),
            body: b"{}".to_vec(),
            mist_v2: "c090a071958f1ad600aba26da8ff14159e76c48a2795f1d8131573de80306941",
            mist_v1: "260382411fce6a49fb5197a7372c3ae6e8bf913e",
            standard: "v1,89UTcTEsuJGrWB3i8r8xijIFaE1qyg/GoiNsdx8xefA=",
        },
    ]
}

#[test]
fn k1_signatures_equal_those_of_an_independent_implementation() {
    for vector in vectors() {
        let signer = Signer::new(Some(&vector.secret));
        let signed = signer.headers(ID, AT, &vector.body);
        assert_eq!(signed.mist_v2(), Some(vector.mist_v2), "{}", vector.secret);
        assert_eq!(signed.mist_v1(), Some(vector.mist_v1), "{}", vector.secret);
        assert_eq!(signed.standard(), Some(vector.standard), "{}", vector.secret);
        assert_eq!(signed.id(), "0b5e7a52-6a5c-4f5e-9a53-0f2e6d1c7b10");
        assert_eq!(signed.timestamp(), "1750000000");
    }
}

#[test]
fn k1_empty_secret_is_no_secret_for_the_sender_and_an_empty_key_for_the_verifier() {
    for signer in [Signer::new(None), Signer::new(Some(""))] {
        let signed = signer.headers(ID, AT, b"abc");
        assert_eq!((signed.mist_v2(), signed.mist_v1(), signed.standard()), (None, None, None));
        assert_eq!(signed.id(), "0b5e7a52-6a5c-4f5e-9a53-0f2e6d1c7b10");
        assert_eq!(signed.timestamp(), "1750000000");
    }
    let sha256 = "fd7adb152c05ef80dccf50a1fa4c05d5a3ec6da95575fc312ae7c5d091836351";
    let sha1 = "9b4a918f398d74d3e367970aba3cbe54e4d2b5d9";
    assert_eq!(Verifier::new("").mist_v2(b"abc", sha256), Ok(()));
    assert_eq!(Verifier::new("").mist_v1(b"abc", sha1), Ok(()));
}

#[test]
fn what_is_signed_verifies_and_one_changed_byte_does_not() {
    for vector in vectors() {
        let signed = Signer::new(Some(&vector.secret)).headers(ID, AT, &vector.body);
        let verifier = Verifier::new(&vector.secret);
        let mut changed = vector.body.clone();
        changed.push(b' ');
        for (body, expected) in [(&vector.body, Ok(())), (&changed, Err(Refusal::Signature))] {
            let standard = signed.standard().unwrap();
            let (id, at) = (signed.id(), signed.timestamp());
            assert_eq!(verifier.mist_v2(body, signed.mist_v2().unwrap()), expected);
            assert_eq!(verifier.mist_v1(body, signed.mist_v1().unwrap()), expected);
            assert_eq!(verifier.standard(id, at, body, standard, AT), expected);
        }
        let other = Verifier::new("another");
        let refused = Err(Refusal::Signature);
        assert_eq!(other.mist_v2(&vector.body, signed.mist_v2().unwrap()), refused);
        assert_eq!(other.mist_v1(&vector.body, signed.mist_v1().unwrap()), refused);
    }
}

#[test]
fn k3_a_replay_is_stale_and_a_new_attempt_keeps_the_id_but_not_the_signature() {
    let signer = Signer::new(Some("s"));
    let verifier = Verifier::new("s");
    let (first, second) = (signer.headers(ID, AT, b"x"), signer.headers(ID, AT + 1, b"x"));
    assert_eq!(first.id(), second.id());
    assert_eq!(first.mist_v2(), second.mist_v2());
    assert_ne!(first.standard(), second.standard());

    let check =
        |at: &str, now| verifier.standard(first.id(), at, b"x", first.standard().unwrap(), now);
    assert_eq!(check("1750000000", AT + TOLERANCE_SECS), Ok(()));
    assert_eq!(check("1750000000", AT + TOLERANCE_SECS + 1), Err(Refusal::Stale));
    assert_eq!(check("1750000000", AT - TOLERANCE_SECS - 1), Err(Refusal::Stale));
    assert_eq!(check("1750000001", AT), Err(Refusal::Signature));
    assert_eq!(check("-9223372036854775808", i64::MAX), Err(Refusal::Stale));
    assert_eq!(check("soon", AT), Err(Refusal::Timestamp));
}

#[test]
fn malformed_signature_headers_are_refused() {
    let verifier = Verifier::new("s");
    let long = "0".repeat(66);
    for header in ["", "v1,", "zz", "sha256=00", &long, "é".repeat(32).as_str()] {
        assert_eq!(verifier.mist_v2(b"", header), Err(Refusal::Signature), "{header}");
        assert_eq!(verifier.mist_v1(b"", header), Err(Refusal::Signature), "{header}");
        let standard = verifier.standard("id", "1750000000", b"", header, AT);
        assert_eq!(standard, Err(Refusal::Signature), "{header}");
    }
}

#[test]
fn one_of_several_standard_signatures_is_enough() {
    let signed = Signer::new(Some("new")).headers(ID, AT, b"x");
    let header = format!("v1,AAAA v2,zzz {}", signed.standard().unwrap());
    let (id, at) = (signed.id(), signed.timestamp());
    assert_eq!(Verifier::new("new").standard(id, at, b"x", &header, AT), Ok(()));
    assert_eq!(Verifier::new("old").standard(id, at, b"x", &header, AT), Err(Refusal::Signature));
}

#[test]
fn k4_the_signed_id_cannot_hold_the_separator() {
    let signed = Signer::new(None).headers(Uuid::max(), AT, b"");
    assert!(signed.id().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
}

#[test]
fn numbers_become_decimal_text() {
    for number in [0, 7, -1, i64::MAX, i64::MIN, AT] {
        let text = Decimal::new(number);
        assert_eq!(ascii(text.bytes()), number.to_string());
    }
}

#[test]
fn neither_secret_nor_signature_is_printed() {
    let secret = "canary-6d1c7b10";
    let signer = Signer::new(Some(secret));
    let signed = signer.headers(ID, AT, b"x");
    let printed = format!("{signer:?} {:?} {signed:?}", Verifier::new(secret));
    assert!(!printed.contains(secret), "{printed}");
    assert!(!printed.contains(signed.mist_v2().unwrap()), "{printed}");
}
