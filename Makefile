# Plain entry points; what they do is in infra/scripts and tools/patron.
.DEFAULT_GOAL := help
.PHONY: help run test chaos build doctor clean bench

CONFIGURATION := Release
PATRON := tools/patron/bin/$(CONFIGURATION)/net10.0/patron

help: ## This list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

run: ## Replay a real year of purchases through all services, then stay up (FRESH=1 starts anew, DAYS=90 replays less)
	@infra/scripts/install run
	@dotnet build tools/patron --configuration $(CONFIGURATION) --verbosity quiet -clp:NoSummary
	@FRESH="$(FRESH)" DAYS="$(DAYS)" exec $(PATRON) run

test: ## Install what the tests need, build, run all tests
	@infra/scripts/install test
	@infra/scripts/test

chaos: ## Prove the runtime against faults at length; writes tests/Faults.Tests/results/latest.md (FILTER=... for a part)
	@infra/scripts/install test
	@PATRON_CAMPAIGN=long PROJECTS=tests/Faults.Tests/Patron.Faults.Tests.csproj infra/scripts/test

build: ## Build everything
	@dotnet build Patron.slnx --configuration $(CONFIGURATION) --verbosity quiet

doctor: ## Say what is missing or wrong on this machine, with the fix
	@dotnet build tools/patron --configuration $(CONFIGURATION) --verbosity quiet -clp:NoSummary
	@$(PATRON) doctor

clean: ## Stop the private PostgreSQL and delete what make run keeps
	@dotnet build tools/patron --configuration $(CONFIGURATION) --verbosity quiet -clp:NoSummary
	@$(PATRON) clean

bench: ## Measure beside peers on a private PostgreSQL, and write tests/Benchmarks/results (ONLY=append.batched,log.* measures a part)
	@infra/scripts/install test
	@dotnet build tests/Benchmarks --configuration $(CONFIGURATION) --verbosity quiet -clp:NoSummary
	@ONLY="$(ONLY)" exec tests/Benchmarks/bin/$(CONFIGURATION)/net10.0/patron-benchmarks
