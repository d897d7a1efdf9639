# wirelab: `make` lists the targets.
#
#   make check EX=06_probe SEED=7      one exercise, repeating a run
#   make check FROM=../elsewhere            somebody else's files

EX     ?=
LAB    ?=
SEED   ?=
FROM   ?=
FORMAT ?=
SUBS   ?=
OUT    ?=
N      ?=
WHAT   ?=

GO      := go
# The flags of grader/build: what is compiled with them lies in the build cache
# for every check.
STATIC  := CGO_ENABLED=0 GOFLAGS= $(GO) build -trimpath -buildvcs=false
WIRELAB := bin/wirelab
# Elsewhere than on Linux all labs are of containers.
TAGS    := $(if $(filter-out linux,$(shell $(GO) env GOOS)),-tags docker)
COMPOSE := bin/composelab
# With the same flags as above, so that each package is compiled once.
TEST    := CGO_ENABLED=0 $(GO) test -trimpath
SHARED  := $(if $(LAB),--lab $(LAB)) $(if $(SEED),--seed $(SEED))
KIT     := $(shell $(GO) list ./... 2>/dev/null | grep -v '^wirelab/exercises/[0-9]')
# A solution that is a test needs a lab and a scanner: package grade runs it.
NEEDLABS := wirelab/solutions/15_pin
LINT    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# What answers where a container engine does; asked only where it matters.
ENGINE    = $(shell docker version >/dev/null 2>&1 && echo docker)
NOENGINE := no container engine answers: labs of containers are left out
# Where foreign bytes are read, and the fuzz test of each.
FUZZ     := labenv/wire:FuzzRead labenv/fdrpc:FuzzServe labenv/fdrpc:FuzzClient \
            labenv/labhost/host:FuzzAnswer labenv/labhost/host:FuzzReadCommand labenv/labhost/host:FuzzServeHTTP \
            grader/class:FuzzTake grader/drive:FuzzTrace grader/drive:FuzzLines grader/exercise:FuzzLoad grader/report:FuzzText grader/sealed:FuzzOpen grader/report:FuzzHTML \
            grader/similar:FuzzFingerprint grader/stage:FuzzCheckSource grader/trial:FuzzJudge solutions/07_scan:FuzzParsePorts solutions/11_trace:FuzzSegments
# nmap is the oracle of some tests, where it is installed.
NMAP     := $(shell command -v nmap >/dev/null 2>&1 && echo nmap)
NONMAP   := nmap is not installed: the tests that compare a scanner with it are left out
# So is tshark.
TSHARK   := $(shell command -v tshark >/dev/null 2>&1 && echo tshark)
NOTSHARK := tshark is not installed: the tests that compare captures with its reading are left out

# The pages are looked at in a real browser, where there is one.
CHROMIUM := $(shell command -v chromium >/dev/null 2>&1 && echo chromium)
NOCHROMIUM := chromium is not installed: the tests that look at the pages are left out

.DEFAULT_GOAL := help
.PHONY: help build check grade release pack reset try demo hint list shell lab-up lab-down composelab lab-programs doctor verify test fuzz lint fmt pristine recordings bench soak clean

help: ## list the targets
	@echo "wirelab teaches network programming and port scanning in Go."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "EX=06_probe chooses an exercise, SEED=7 repeats a run, FROM=DIR grades files elsewhere."

build: ## build the kit into bin/ (the first time takes a minute)
	@$(if $(wildcard bin/wirelab),,echo "building the kit; the first time takes a minute" >&2)
	@mkdir -p bin
	@GOOS=linux $(STATIC) -o bin/labhost ./labenv/labhost
	@$(STATIC) $(TAGS) -o bin/wirelab ./grader/cmd/wirelab
	@GOOS=linux $(STATIC) ./grader/drivers/warm
	@$(if $(filter docker,$(LAB)),$(STATIC) -tags docker -o bin/wirelab-docker ./grader/cmd/wirelab)

check: build ## grade your work: all exercises, or EX=…
	@$(WIRELAB) check $(EX) $(SHARED) $(if $(FROM),--from $(FROM)) $(if $(FORMAT),--format $(FORMAT)) $(if $(OUT),--out $(OUT))

grade: build ## grade a class: SUBS=submissions OUT=grades
	@test -n "$(SUBS)" && test -n "$(OUT)" || { echo "which class? make grade SUBS=submissions OUT=grades" >&2; exit 2; }
	@$(WIRELAB) grade $(SUBS) --out $(OUT) $(if $(LAB),--lab $(LAB)) $(EX)

release: build ## make the learner's kit: OUT=dist
	@test -n "$(OUT)" || { echo "where to? make release OUT=dist" >&2; exit 2; }
	@$(WIRELAB) release --out $(OUT)

try: build ## run your own tests of EX=… in the practice lab
	@test -n "$(EX)" || { echo "which exercise? make try EX=06_probe" >&2; exit 2; }
	@$(WIRELAB) lab exec -- $(GO) test -count=1 -v ./exercises/$(notdir $(EX))/...

demo: build ## show a scan of the practice lab, with the packet behind each verdict
	@$(WIRELAB) demo $(if $(LAB),--lab $(LAB))

pack: build ## put your work into one file to hand in
	@$(WIRELAB) pack $(EX) $(if $(OUT),--out $(OUT))

reset: build ## start EX=… afresh; your work is kept aside
	@test -n "$(EX)" || { echo "which exercise? make reset EX=06_probe" >&2; exit 2; }
	@$(WIRELAB) reset $(EX)

hint: build ## show the next hint for EX=…
	@test -n "$(EX)" || { echo "which exercise? make hint EX=06_probe" >&2; exit 2; }
	@$(WIRELAB) hint $(EX)

list: build ## list the exercises
	@$(WIRELAB) list

shell: $(if $(filter compose,$(LAB)),composelab,build) ## open a shell in the practice lab (LAB=compose: in that of lab-up)
	@$(if $(filter compose,$(LAB)),$(COMPOSE) shell,$(WIRELAB) lab shell)

lab-up: composelab lab-programs ## start the practice lab in containers (docker-compose.yml)
	@$(COMPOSE) up

lab-down: composelab ## end it, and leave nothing behind
	@$(COMPOSE) down

composelab:
	@$(STATIC) -o $(COMPOSE) ./grader/cmd/composelab

# What the images of docker-compose.yml are made of.
lab-programs:
	@mkdir -p bin/seat
	@GOOS=linux $(STATIC) -o bin/labhost ./labenv/labhost
	@GOOS=linux $(STATIC) -o bin/seatshell ./labenv/seatshell

doctor: build ## tell whether labs work on this machine
	@$(WIRELAB) lab doctor $(if $(LAB),--lab $(LAB))

verify: build ## prove the exercises sound (for authors)
	@$(WIRELAB) verify $(EX) $(SHARED)
	@$(if $(LAB),,$(if $(ENGINE),$(MAKE) --no-print-directory verify LAB=docker,echo "$(NOENGINE)" >&2))

test: build ## test the kit itself; your exercises are left out
	@$(if $(ENGINE),,echo "$(NOENGINE)" >&2)
	@$(if $(NMAP),,echo "$(NONMAP)" >&2)
	@$(if $(TSHARK),,echo "$(NOTSHARK)" >&2)
	@$(if $(CHROMIUM),,echo "$(NOCHROMIUM)" >&2)
	@$(GO) mod download # the tests of the command line have no network
	@$(TEST) -tags "$(if $(ENGINE),docker) $(NMAP) $(TSHARK) $(CHROMIUM)" $(filter-out $(NEEDLABS),$(KIT))

fuzz: ## throw foreign bytes at whatever reads them, FOR=30s at each place
	@for place in $(FUZZ); do \
		$(GO) test ./$${place%:*} -run '^$$' -fuzz "^$${place#*:}$$" -fuzztime $(or $(FOR),30s) -fuzzminimizetime 1x || exit; \
	done

lint: ## vet and lint the kit
	@GOOS=linux $(GO) vet $(KIT)
	@for os in linux darwin windows; do \
		GOOS=$$os $(GO) vet -tags docker,nmap,tshark,chromium $$(GOOS=$$os $(GO) list -tags docker,nmap,tshark,chromium ./... | grep -v '^wirelab/exercises/[0-9]') || exit; \
	done
	@$(GO) run $(LINT) run

fmt: ## format all Go code
	@gofmt -w exercises solutions labenv grader

pristine: ## renew the kit's copy of the exercises after you changed them (for authors)
	@$(GO) run ./grader/pristine/generate

recordings: build ## record the captures of testdata/ anew (for authors)
	@$(GO) run ./grader/cmd/record testdata/captures

bench: build ## measure, as ratios in one run
	@$(if $(ENGINE),$(MAKE) --no-print-directory build LAB=docker)
	@$(GO) run $(if $(ENGINE),-tags docker) ./grader/cmd/bench $(WHAT)

soak: build ## repeat the checks of the references N times on a busy machine, looking for a false outcome
	@$(GO) run ./grader/cmd/soak $(if $(N),-n $(N)) $(EX)

clean: ## remove what was built and recorded
	@rm -rf bin reports
