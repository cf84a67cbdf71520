#!/bin/sh
event=$(cat)
printf 'hello, %s' "${event:-world}"
