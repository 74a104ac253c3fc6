// Bounds on what untrusted bytes may make the library do. Every parser takes one; the defaults fit real models.
#ifndef TFPERSIST_REFERENCE_BASE_LIMITS_H_
#define TFPERSIST_REFERENCE_BASE_LIMITS_H_

#include <cstdint>

namespace tfpersist {

struct Limits {
  int64_t max_tensor_bytes = int64_t{1} << 40;   // one tensor, in memory
  int64_t max_block_bytes = int64_t{1} << 30;    // one table block, after decompression
  int64_t max_table_entries = int64_t{1} << 28;  // keys of one table
  int64_t max_proto_bytes = int64_t{1} << 31;    // one serialized GraphDef or MetaGraphDef; where that is allowed
                                                 // all of 2 GiB, a GraphDef of more is read too, node by node
  int64_t max_graph_nodes = int64_t{1} << 24;
  int max_shards = 1 << 16;
  int max_rank = 254;
  int max_slices = 1 << 14;  // of one partitioned tensor
  int max_nesting = 64;      // functions calling functions, protos in protos
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_LIMITS_H_
