//! A page on which the OpenAPI document can be read: three files of ours, and nothing of anybody
//! else's. The policy that goes with them lets no script run but the one file, and lets it speak
//! to this server alone; the page shows what it reads as text.

use axum::Router;
use axum::routing::get;
use http::HeaderValue;
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// By path: the media type and the file.
const FILES: [(&str, &str, &str); 3] = [
    ("/api/v1/docs", "text/html; charset=utf-8", include_str!("page.html")),
    ("/api/v1/docs/page.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("/api/v1/docs/page.js", "text/javascript; charset=utf-8", include_str!("page.js")),
];

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.into_iter().fold(Router::new(), |router, (path, media, file)| {
        let headers = [
            (CONTENT_TYPE, media),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
        ]
        .map(|(name, value)| (name, HeaderValue::from_static(value)));
        router.route(path, get(move || async move { (headers, file) }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    #[tokio::test]
    async fn u01_the_page_is_made_of_its_own_files_and_shows_what_it_reads_as_text() {
        for (path, media, file) in FILES {
            let request = Request::get(path).body(String::new()).unwrap();
            let answer = routes::<()>().oneshot(request).await.unwrap();
            let header = |name| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!((answer.status().as_u16(), header(CONTENT_TYPE)), (200, media.into()));
            assert_eq!(header(X_CONTENT_TYPE_OPTIONS), "nosniff");
            let policy = header(CONTENT_SECURITY_POLICY);
            assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, file.as_bytes());
            // Nothing of elsewhere, and no way for a text to become more than one.
            for way in ["//cdn", "http:", "https:", "innerHTML", "outerHTML", "insertAdjacent"] {
                assert!(!file.contains(way), "{path}: {way}");
            }
            for way in ["document.write", "eval(", "Function(", "onclick", "<style", " style="] {
                assert!(!file.contains(way), "{path}: {way}");
            }
        }
        // What the page asks for is there.
        let (_, _, page) = FILES[0];
        let asked = page.split(['"']).filter(|it| it.starts_with("/api/v1/docs/"));
        let asked: Vec<&str> = asked.collect();
        assert_eq!(asked, [FILES[1].0, FILES[2].0]);
    }
}
