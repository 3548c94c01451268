package cashier

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/paymux/paymux"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// pages are the templates by kind of page, each with the layout around it.
type pages map[string]*template.Template

func readPages() pages {
	layout := template.Must(template.ParseFS(pageFiles, "pages/layout.html"))
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		panic(err)
	}
	all := pages{}
	for _, name := range names {
		kind := strings.TrimSuffix(path.Base(name), ".html")
		if kind != "layout" {
			all[kind] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, name))
		}
	}
	return all
}

// show renders a page whole before the first byte leaves.
func (s *cashier) show(w http.ResponseWriter, r *http.Request, status int, v *view) {
	v.Auto = v.Auto && v.Kind == "redirect"
	var page bytes.Buffer
	if err := s.pages[v.Kind].ExecuteTemplate(&page, "layout", v); err != nil {
		s.Log.ErrorContext(r.Context(), "cashier: render", "page", v.Kind, "error", err)
		http.Error(w, v.T("error.title"), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Lang)
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Cookie")
	if v.Form {
		h.Set("Content-Security-Policy", policy(origin(string(v.Go))))
	}
	w.WriteHeader(status)
	w.Write(page.Bytes())
}

func (s *cashier) notFound(w http.ResponseWriter, r *http.Request) {
	v := s.view(w, r)
	v.Kind = "not-found"
	s.show(w, r, http.StatusNotFound, v)
}

// failed shows a page for what went wrong behind us; the reason goes to the log alone.
func (s *cashier) failed(w http.ResponseWriter, r *http.Request, doing string, err error) {
	if errors.Is(err, paymux.NotFound) || errors.Is(err, paymux.InvalidID) {
		s.notFound(w, r)
		return
	}
	if r.Context().Err() == nil {
		s.Log.ErrorContext(r.Context(), "cashier: "+doing, "path", r.URL.Path, "error", err)
	}
	v := s.view(w, r)
	v.Kind = "error"
	w.Header().Set("Retry-After", "5")
	s.show(w, r, http.StatusServiceUnavailable, v)
}

// guarded gives every answer the headers that keep a page to itself, and no payer a stack trace.
func (s *cashier) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy(""))
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		defer func() {
			if fault := recover(); fault != nil {
				if fault == http.ErrAbortHandler {
					panic(fault)
				}
				s.Log.ErrorContext(r.Context(), "cashier: panic", "path", r.URL.Path, "panic", fault)
				v := s.view(w, r)
				v.Kind = "error"
				s.show(w, r, http.StatusInternalServerError, v)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// policy is the Content-Security-Policy: everything from here, forms also to one origin where the payer is sent there by a form.
func policy(formTo string) string {
	return strings.TrimSpace("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " + formTo)
}

func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func (s *cashier) static(w http.ResponseWriter, r *http.Request) {
	body, err := staticFiles.ReadFile("static/" + r.PathValue("file"))
	if err != nil {
		s.notFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.PathValue("file"))))
	w.Write(body)
}
