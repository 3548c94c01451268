package access

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/paymux/paymux"
)

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS []byte

// pagePolicy lets our pages load our own style sheet and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// chrome are the words around the reference, by language.
var chrome = map[string]map[string]string{
	"en": {
		"lang": "en", "title": "Paymux API reference", "other": "简体中文", "otherLang": "zh",
		"intro": about, "auth": "Needs authority for service type", "operator": "Operators' token", "everyone": "No credentials",
		"key": "Idempotency-Key required", "parameters": "Query parameters", "body": "Body", "answer": "Answer", "required": "required",
		"errors": "Errors", "status": "Status", "code": "Code", "help": "What it means and what to do", "notifications": "Notifications",
		"document": "OpenAPI document", "secret": "secret", "back": "All errors and paths", "none": "nothing",
	},
	"zh": {
		"lang": "zh-CN", "title": "Paymux 接口参考", "other": "English", "otherLang": "en",
		"intro": "一个接口接入多家支付机构。金额为币种最小单位的整数，时间为 RFC 3339 UTC，列表按游标分页，未知字段会连同路径被拒绝。" +
			"每个产生变更的请求都带 Idempotency-Key；重复请求得到首次的响应，绝不会再次生效。错误为 problem 文档（RFC 9457），code 见 /errors/{code}。",
		"auth": "所需服务类型权限", "operator": "运营方令牌", "everyone": "无需凭证", "key": "需要 Idempotency-Key",
		"parameters": "查询参数", "body": "请求体", "answer": "响应", "required": "必填", "errors": "错误", "status": "状态",
		"code": "代码", "help": "含义与处理方式", "notifications": "通知", "document": "OpenAPI 文档", "secret": "机密", "back": "全部错误与路径", "none": "无",
	},
}

// docsView is what the page shows.
type docsView struct {
	Words   map[string]string
	Tags    []docsTag
	Entries []entry
	Entry   *entry // of a page about one error
	Events  []paymux.EventType
	Zh      bool
}

type docsTag struct {
	Name   string
	Routes []docsRoute
}

type docsRoute struct {
	ID, Method, Path, Summary, Doc, Access string
	Key                                    bool
	Query                                  []docsField
	Body, Answer                           []docsField
	Status                                 int
}

// docsField is one line of a table of fields.
type docsField struct {
	Name, Type, Doc, Example string
	Depth                    int
	Need, Secret             bool
}

// describe writes the OpenAPI document and makes ready the pages.
func (s *Server) describe() (err error) {
	if s.openapi, err = openAPI(s.routes, s.publicURL); err != nil {
		return fmt.Errorf("write the OpenAPI document: %w", err)
	}
	s.pages, err = template.New("docs").Funcs(template.FuncMap{"lower": strings.ToLower}).Parse(docsHTML)
	if err != nil {
		return fmt.Errorf("read the reference page's template: %w", err)
	}
	s.docs = map[string]func() []byte{}
	for lang := range chrome {
		s.docs[lang] = sync.OnceValue(func() []byte { return s.render("docs", lang, nil) })
	}
	return nil
}

// render makes a page. A template that fails is our fault and shows what it had made.
func (s *Server) render(name, lang string, e *entry) []byte {
	var b bytes.Buffer
	view := docsView{Words: chrome[lang], Tags: docsTags(s.routes), Entries: catalogue, Entry: e, Events: paymux.EventTypes(), Zh: lang == "zh"}
	if err := s.pages.ExecuteTemplate(&b, name, view); err != nil {
		s.log.Error("render page", "page", name, "error", err)
	}
	return b.Bytes()
}

func docsTags(routes []route) []docsTag {
	var tags []docsTag
	for i := range routes {
		r := &routes[i]
		if len(tags) == 0 || tags[len(tags)-1].Name != r.tag {
			tags = append(tags, docsTag{Name: r.tag})
		}
		t := &tags[len(tags)-1]
		t.Routes = append(t.Routes, docsRouteOf(r))
	}
	return tags
}

func docsRouteOf(r *route) docsRoute {
	d := docsRoute{
		ID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Doc: r.doc,
		Key: r.key == keyRequired, Status: r.success(), Access: string(r.service),
	}
	switch r.who {
	case operators:
		d.Access = "operator"
	case everyone:
		d.Access = "everyone"
	}
	for _, p := range r.query {
		d.Query = append(d.Query, docsField{Name: p.name, Type: typeName(p.schema), Doc: p.doc, Example: p.example})
	}
	if r.body != nil {
		d.Body = docsFields(nil, r.body, 0)
	}
	d.Answer = docsFields(nil, r.reply, 0)
	return d
}

// docsFields lays a schema out as lines, members below their object.
func docsFields(lines []docsField, s *schema, depth int) []docsField {
	for i := range s.fields {
		f := &s.fields[i]
		lines = append(lines, docsField{Name: f.name, Type: typeName(f.schema), Doc: f.doc, Example: f.example, Depth: depth, Need: f.need, Secret: f.secret})
		inner := f.schema
		if inner.items != nil {
			inner = inner.items
		}
		lines = docsFields(lines, inner, depth+1)
	}
	return lines
}

func typeName(s *schema) string {
	if len(s.enum) > 0 {
		return strings.Join(s.enum, " | ")
	}
	switch s.kind {
	case kindArray:
		return "[" + typeName(s.items) + "]"
	case kindNumber:
		if s.format == "double" {
			return "number"
		}
		return "integer" + spanText(s)
	case kindBool:
		return "boolean"
	case kindObject:
		return "object"
	}
	if s.format != "" {
		return "string, " + s.format + spanText(s)
	}
	return "string" + spanText(s)
}

func spanText(s *schema) string {
	if s.max == 0 {
		return ""
	}
	text := fmt.Sprintf(", %d–%d", s.min, s.max)
	if s.also != 0 {
		text += fmt.Sprintf(" or %d", s.also)
	}
	return text
}

// language chooses by ?lang= or by what the browser prefers.
func language(r *http.Request) string {
	if l := r.URL.Query().Get("lang"); chrome[l] != nil {
		return l
	}
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	if strings.HasPrefix(strings.ToLower(first), "zh") {
		return "zh"
	}
	return "en"
}

func html(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Vary", "Accept-Language")
	a := answer{status: status, body: body, contentType: "text/html; charset=utf-8"}
	a.write(w)
}

func (s *Server) docsPage(w http.ResponseWriter, r *http.Request) {
	html(w, http.StatusOK, s.docs[language(r)]())
}

func (s *Server) errorPage(w http.ResponseWriter, r *http.Request) {
	code := paymux.Code(r.PathValue("code"))
	if e := entryOf(code); e.Code == code {
		html(w, http.StatusOK, s.render("error", language(r), e))
		return
	}
	s.unknownPath(w, r)
}

func styleSheet(w http.ResponseWriter, _ *http.Request) {
	a := answer{status: http.StatusOK, body: docsCSS, contentType: "text/css; charset=utf-8"}
	a.write(w)
}
