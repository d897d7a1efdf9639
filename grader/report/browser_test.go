//go:build chromium

package report_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wirelab/grader/check"
)

// contrast returns every text whose contrast with what is behind it is below
// WCAG 2.2's 4.5 to 1 (success criterion 1.4.3).
const contrast = `(() => {
  const rgb = s => s.match(/[\d.]+/g).map(Number);
  const lum = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || e.tagName === "title") continue;
    seen++;
    const style = getComputedStyle(e), fg = lum(rgb(e instanceof SVGElement ? style.fill : style.color).slice(0, 3)), bg = lum(behind(e).slice(0, 3));
    const ratio = (Math.max(fg, bg) + .05) / (Math.min(fg, bg) + .05);
    if (ratio < 4.5) bad.push(walk.currentNode.data.trim() + " " + ratio.toFixed(2));
  }
  return seen ? bad : ["no text was seen"];
})()`

// In a real browser the pages load nothing, run nothing and complain of nothing;
// they can be read in light and in dark, are no wider than a phone, and print.
func TestInABrowser(t *testing.T) {
	dir := t.TempDir()
	pages := map[string]string{
		"student": page(t, ladderOf()), "hostile": page(t, filled(markup, check.Fail)),
		"class": classHTML(t, class("alice")), "hostile class": classHTML(t, class(markup)),
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	for name, text := range pages {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name+".html")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			tab, closeTab := chromedp.NewContext(allocator)
			t.Cleanup(closeTab)
			tab, cancel := context.WithTimeout(tab, time.Minute)
			t.Cleanup(cancel)
			seen := listen(tab)
			require.NoError(t, chromedp.Run(tab, network.Enable(), log.Enable(), runtime.Enable(),
				chromedp.EmulateViewport(400, 800), chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String())))
			for _, scheme := range []string{"light", "dark"} {
				var bad []string
				require.NoError(t, chromedp.Run(tab,
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
					chromedp.Evaluate(contrast, &bad)))
				assert.Empty(t, bad, scheme)
			}
			var width int
			var owned, shown bool
			var pdf []byte
			require.NoError(t, chromedp.Run(tab,
				chromedp.Evaluate(`document.documentElement.scrollWidth`, &width),
				chromedp.Evaluate(`typeof owned !== "undefined"`, &owned),
				chromedp.Evaluate(`getComputedStyle(document.body).maxWidth !== "none" && document.querySelector("h1").offsetHeight > 0`, &shown),
				chromedp.ActionFunc(func(ctx context.Context) (err error) {
					pdf, _, err = cdp.PrintToPDF().Do(ctx)
					return err
				})))
			assert.LessOrEqual(t, width, 400, "the page is wider than the screen")
			assert.False(t, owned, "foreign script ran")
			assert.True(t, shown, "the style is not applied, or the heading is not to be seen")
			assert.True(t, strings.HasPrefix(string(pdf), "%PDF-"))
			assert.Empty(t, seen.all())
		})
	}
}

// heard collects what a page should not do.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (h *heard) add(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, line)
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lines
}

// listen notes requests other than for the page itself, exceptions, and whatever
// the browser complains of, such as a breach of the policy.
func listen(tab context.Context) *heard {
	h := &heard{}
	chromedp.ListenTarget(tab, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasSuffix(e.Request.URL, ".html") || !strings.HasPrefix(e.Request.URL, "file:") {
				h.add("request: " + e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			h.add("exception: " + e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			h.add("log: " + e.Entry.Text)
		}
	})
	return h
}
