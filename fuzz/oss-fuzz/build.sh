#!/usr/bin/env bash
# Builds every fuzz target into $OUT, with its seeds, its dictionary, its options and the libraries it needs, the way that
# OSS-Fuzz and ClusterFuzzLite ask for: $SRC, $WORK, $OUT, $CC, $CXX, $CFLAGS, $CXXFLAGS, $LIB_FUZZING_ENGINE are theirs.
# `run_locally` beside it plays their part; it may add arguments of CMake's in $TFPERSIST_CMAKE_ARGUMENTS, and name fewer
# targets in $TFPERSIST_FUZZ_TARGETS.
set -euo pipefail

# The packaged libraries are built with libstdc++, and so must be what links them.
export CXXFLAGS="${CXXFLAGS//-stdlib=libc++/}"
source="$SRC/tfpersist" build="$WORK/tfpersist"
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE= -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" \
  -DTFPERSIST_FUZZ=ON -DTFPERSIST_FUZZ_ENGINE="$LIB_FUZZING_ENGINE" -DTFPERSIST_BENCH=OFF -DCMAKE_BUILD_RPATH='$ORIGIN/lib' ${TFPERSIST_CMAKE_ARGUMENTS:-}
targets=${TFPERSIST_FUZZ_TARGETS:-$(cd "$source/fuzz" && ls ./*_fuzzer.cc | sed 's#^\./##; s#_fuzzer\.cc$##')}
# A peer that is not installed has no target.
targets=$(for t in $targets; do ! ninja -C "$build" -t query "${t}_fuzzer" >/dev/null 2>&1 || echo "$t"; done)
ninja -C "$build" $(printf '%s_fuzzer\n' $targets)

python3 -B "$source/fuzz/make_seeds.py" "$WORK/seeds"
mkdir -p "$OUT/lib"
for t in $targets; do
  program="$build/bin/${t}_fuzzer"
  cp "$program" "$OUT/"
  # Where it runs, no packages are installed.
  ldd "$program" | awk '$3 ~ "^/" {print $3}' | grep -vE '/(libc|libm|libdl|librt|libpthread|libresolv)\.so|/ld-linux' | xargs -I{} cp -Lu {} "$OUT/lib/"
  mkdir -p "$WORK/corpus/$t"
  for folder in "$WORK/seeds/$t" "$source/fuzz/regressions/$t"; do
    [ ! -d "$folder" ] || find "$folder" -type f -exec cp {} "$WORK/corpus/$t/" \;
  done
  rm -f "$OUT/${t}_fuzzer_seed_corpus.zip"
  (cd "$WORK/corpus/$t" && python3 -m zipfile -c "$OUT/${t}_fuzzer_seed_corpus.zip" ./*)
  cp "$source/fuzz/dictionaries/$t.dict" "$OUT/${t}_fuzzer.dict"
  # campaign's limits; freed memory that AddressSanitizer keeps would alone fill them.
  printf '[libfuzzer]\nmax_len = 65536\nrss_limit_mb = 512\ntimeout = 10\n\n[asan]\nquarantine_size_mb = 8\ndetect_leaks = 0\n' >"$OUT/${t}_fuzzer.options"
done
