#include "reference/checkpoint/ordered_code.h"

#include "gtest/gtest.h"

namespace tfpersist {
namespace {

TEST(OrderedCode, ObservedKey) {
  TensorSlice slice(2);
  slice.set_extent(0, {0, 3});
  slice.set_extent(1, {0, 3});
  // As TensorFlow wrote it: "p", [0,3) x [0,3).
  EXPECT_EQ(EncodeSliceKey("p", slice), std::string("\0p\0\1\1\2\x80\x83\x80\x83", 10));
}

TEST(OrderedCode, RoundTripsNamesAndNumbers) {
  for (const std::string& name : {std::string("a"), std::string("\0\xff\1", 3), std::string(300, '\xff')}) {
    for (int64_t start :
         {int64_t{0}, int64_t{63}, int64_t{64}, int64_t{8191}, int64_t{8192}, int64_t{1} << 40, int64_t{1} << 61}) {
      for (int64_t length : {int64_t{1}, int64_t{300}, int64_t{1} << 33, int64_t{1} << 61}) {
        TensorSlice slice(2);
        slice.set_extent(0, {start, length});
        std::string read_name;
        TensorSlice read;
        const std::string key = EncodeSliceKey(name, slice);
        ASSERT_TRUE(DecodeSliceKey(key, &read_name, &read)) << start << " " << length;
        EXPECT_EQ(read_name, name);
        EXPECT_TRUE(read == slice);
        for (size_t n = 0; n < key.size(); ++n) EXPECT_FALSE(DecodeSliceKey(key.substr(0, n), &read_name, &read));
      }
    }
  }
}

TEST(OrderedCode, SortsAsTheNumbersDo) {
  std::string before;
  for (int64_t start = 0; start < 100000; start += 7) {
    TensorSlice slice(1);
    slice.set_extent(0, {start, 1});
    const std::string key = EncodeSliceKey("v", slice);
    EXPECT_LT(before, key);
    before = key;
  }
}

}  // namespace
}  // namespace tfpersist
