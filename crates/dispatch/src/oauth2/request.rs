//! What a token endpoint is asked (RFC 6749, sections 2.3.1, 4.3.2 and 4.4.2).
//!
//! A client with a secret proves itself by HTTP Basic and in no other way: the standard has every
//! endpoint take that, and a second try with the secret in the body would be a second place for
//! it to leak. A public client, which has an id and no secret, names itself in the body.

use crate::egress::headers::{HeaderError, of_form};
use crate::egress::{Destination, Egress, Post, SendError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use foghorn_model::{Grant, Oauth2};
use http::{HeaderMap, HeaderValue};
use std::fmt;
use std::time::Duration;
use url::form_urlencoded::{Serializer, byte_serialize};

/// A request for a token, ready to be sent as often as one is needed.
pub struct TokenRequest {
    destination: Destination,
    headers: HeaderMap,
    body: Bytes,
    verify_cert: bool,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenRequest").field(&self.destination).finish()
    }
}

impl TokenRequest {
    /// The request of a webhook whose token URL has been checked. Its certificate is verified as
    /// the receiver's is: the token that comes of it goes there.
    ///
    /// # Errors
    /// If the user agent cannot stand in a header.
    pub fn new(
        oauth2: &Oauth2,
        destination: Destination,
        user_agent: &str,
        verify_cert: bool,
    ) -> Result<Self, HeaderError> {
        let host = destination.host_header().clone();
        let headers = of_form(user_agent, host, basic(oauth2))?;
        Ok(Self { destination, headers, body: form(oauth2).into(), verify_cert })
    }

    /// Scheme, host and port of the endpoint.
    pub fn origin(&self) -> &str {
        self.destination.origin()
    }

    /// Sends it; the status of the answer, its body, and whether that is whole.
    pub(super) async fn send(
        &self,
        egress: &Egress,
        deadline: Duration,
    ) -> Result<(u16, Bytes, bool), SendError> {
        let post = Post {
            destination: &self.destination,
            headers: self.headers.clone(),
            body: self.body.clone(),
            deadline,
            verify_cert: self.verify_cert,
        };
        let answer = egress.post(post).await?;
        Ok((answer.status, answer.body_excerpt, !answer.truncated))
    }
}

/// Id and secret are encoded like a form first, so that a colon in the id parts nothing.
fn basic(oauth2: &Oauth2) -> Option<HeaderValue> {
    let (id, secret) = (oauth2.client_id.as_ref()?, oauth2.client_secret.as_ref()?);
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    HeaderValue::try_from(format!("Basic {pair}")).ok()
}

fn form(oauth2: &Oauth2) -> String {
    let mut form = Serializer::new(String::new());
    match &oauth2.grant {
        Grant::ClientCredentials => {
            form.append_pair("grant_type", "client_credentials");
        }
        Grant::Password { username, password } => {
            form.append_pair("grant_type", "password");
            form.append_pair("username", username);
            form.append_pair("password", password);
        }
    }
    if let (Some(id), None) = (&oauth2.client_id, &oauth2.client_secret) {
        form.append_pair("client_id", id);
    }
    if !oauth2.scopes.is_empty() {
        form.append_pair("scope", &oauth2.scopes.join(" "));
    }
    form.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oauth2(grant: Grant, id: Option<&str>, secret: Option<&str>) -> Oauth2 {
        Oauth2 {
            token_url: "https://login.example.com/token".into(),
            grant,
            client_id: id.map(Into::into),
            client_secret: secret.map(Into::into),
            scopes: Vec::new(),
        }
    }

    fn password() -> Grant {
        Grant::Password { username: "ann@example.com".into(), password: "a b&c=d".into() }
    }

    #[test]
    fn a_client_with_a_secret_proves_itself_in_the_header_alone() {
        let mut asked = oauth2(Grant::ClientCredentials, Some("fog:horn"), Some("s3 cret/é"));
        asked.scopes = vec!["events.write".into(), "a+b".into()];
        assert_eq!(form(&asked), "grant_type=client_credentials&scope=events.write+a%2Bb");
        let header = basic(&asked).unwrap();
        let encoded = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
        let pair = STANDARD.decode(encoded).unwrap();
        assert_eq!(String::from_utf8(pair).unwrap(), "fog%3Ahorn:s3+cret%2F%C3%A9");
    }

    #[test]
    fn a_public_client_names_itself_in_the_body() {
        let asked = oauth2(password(), Some("fog"), None);
        let text = "grant_type=password&username=ann%40example.com&password=a+b%26c%3Dd";
        assert_eq!(form(&asked), format!("{text}&client_id=fog"));
        assert_eq!(basic(&asked), None);
        assert_eq!(form(&oauth2(password(), None, None)), text);
    }
}
