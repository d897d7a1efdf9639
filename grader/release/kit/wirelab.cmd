@echo off
set GOTOOLCHAIN=local
"%~dp0windows-amd64\wirelab.exe" %*
