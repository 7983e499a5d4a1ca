use super::*;

fn read(body: &str) -> Result<(String, i64), String> {
    let granted = read_answer(200, body.as_bytes(), true).map_err(|error| error.to_string())?;
    Ok((granted.bearer.to_str().unwrap().to_owned(), granted.lifetime.0 / 1_000_000))
}

#[test]
fn a_grant_is_read_as_the_standard_and_as_the_field_has_it() {
    let table = [
        (r#"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#, 3600),
        (r#"{"access_token":"abc","token_type":"bearer","expires_in":"599"}"#, 599),
        (r#"{"access_token":"abc","expires_in":59.9,"scope":"a b"}"#, 59),
        (r#"{"access_token":"abc","token_type":"BEARER"}"#, 300),
        (r#"{"access_token":"abc","token_type":null,"expires_in":null}"#, 300),
        (r#"{"access_token":"abc","expires_in":-5}"#, 0),
        (r#"{"access_token":"abc","expires_in":"soon"}"#, 0),
        (r#"{"access_token":"abc","expires_in":1e300}"#, LIFETIME_SECS_MAX),
    ];
    for (body, secs) in table {
        assert_eq!(read(body), Ok(("Bearer abc".into(), secs)), "{body}");
    }
}

#[test]
fn what_cannot_be_used_says_why_and_never_what_it_was() {
    let long = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(TOKEN_BYTES_MAX + 1));
    let table = [
        ("", "its answer is not json"),
        ("<html>s3cret</html>", "its answer is not json"),
        (r#"["s3cret"]"#, "its answer has no access_token"),
        (r#"{"access_token":""}"#, "its answer has no access_token"),
        (r#"{"access_token":7}"#, "its answer has no access_token"),
        (r#"{"access_token":"s3cret","token_type":"mac"}"#, "its token is not of the type bearer"),
        (r#"{"access_token":"s3cret","token_type":7}"#, "its token is not of the type bearer"),
        (r#"{"access_token":"s3\r\ncret"}"#, "its token cannot be sent in a header"),
        (r#"{"access_token":"s3 cret"}"#, "its token cannot be sent in a header"),
        (r#"{"access_token":"s3crét"}"#, "its token cannot be sent in a header"),
        (long.as_str(), "its token cannot be sent in a header"),
    ];
    for (body, reason) in table {
        assert_eq!(read(body), Err(format!("oauth2_token_url: {reason}")), "{body}");
    }
    let cut = read_answer(200, br#"{"access_token":"abc"}"#, false);
    assert_eq!(cut, Err(TokenError::Unusable("its answer is too long, or broke off")));
}

#[test]
fn a_refusal_is_told_from_a_bad_moment() {
    let refused = Answer::Failed(ErrorClass::TokenRefused);
    let unavailable = Answer::Failed(ErrorClass::TokenUnavailable);
    let table = [
        (400, r#"{"error":"invalid_grant"}"#, refused, "it answers 400, invalid_grant"),
        (401, r#"{"error":"invalid_client"}"#, refused, "it answers 401, invalid_client"),
        (400, r#"{"error":"s3cret"}"#, refused, "it answers 400, no error code"),
        (404, "not here: s3cret", refused, "it answers 404, no error code"),
        (302, "", refused, "it answers 302, no error code"),
        (429, "slowly, s3cret", unavailable, "it answers 429"),
        (503, "s3cret", unavailable, "it answers 503"),
    ];
    for (status, body, answer, text) in table {
        let error = read_answer(status, body.as_bytes(), true).unwrap_err();
        assert_eq!(
            (error.answer(), error.to_string()),
            (answer, format!("oauth2_token_url: {text}"))
        );
    }
}
