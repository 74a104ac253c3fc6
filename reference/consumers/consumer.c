/* How many nodes a frozen graph has:  consumer_c FILE.pb */
#include <stdio.h>
#include <tensorflow/c/c_api.h>

static char bytes[1 << 20];

int main(int argc, char** argv) {
  FILE* file = argc > 1 ? fopen(argv[1], "rb") : NULL;
  size_t size = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;
  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  TF_Buffer* def = TF_NewBufferFromString(bytes, size);
  TF_ImportGraphDefOptions* options = TF_NewImportGraphDefOptions();
  size_t position = 0;
  int nodes = 0;
  TF_GraphImportGraphDef(graph, def, options, status);
  if (TF_GetCode(status) != TF_OK) return fprintf(stderr, "%s\n", TF_Message(status)), 1;
  while (TF_GraphNextOperation(graph, &position) != NULL) ++nodes;
  printf("%d\n", nodes);
  return 0;
}
