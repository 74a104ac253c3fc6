"""The protobuf messages and enums that TensorFlow's files use, as each version describes them.

descriptors/descriptors.json  {"messages": {full name: {"file", "map_entry", "oneofs", "fields": [{"name", "number", "type", "label",
                              "type_name", "oneof", "packed", "default", "deprecated"}]}}, "enums": {full name: {value name: number}},
                              "files": {file name: syntax}}
Fields stand in number order; "packed" only where the file says it. Reached from the roots below through field types.
"""
from common import *

from google.protobuf import descriptor_pb2
from tensorflow.core.framework import attr_value_pb2, function_pb2, graph_pb2, node_def_pb2, op_def_pb2, resource_handle_pb2, tensor_pb2
from tensorflow.core.framework import tensor_shape_pb2, tensor_slice_pb2, types_pb2, variable_pb2, versions_pb2
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, saved_model_pb2, saver_pb2, tensor_bundle_pb2
from tensorflow.core.util import saved_tensor_slice_pb2
from tensorflow.python.training import checkpoint_state_pb2

ROOTS = [
    graph_pb2.GraphDef, node_def_pb2.NodeDef, attr_value_pb2.AttrValue, attr_value_pb2.NameAttrList, op_def_pb2.OpDef, op_def_pb2.OpList,
    function_pb2.FunctionDefLibrary, function_pb2.FunctionDef, function_pb2.GradientDef, tensor_pb2.TensorProto,
    tensor_pb2.VariantTensorDataProto, tensor_shape_pb2.TensorShapeProto, tensor_slice_pb2.TensorSliceProto,
    resource_handle_pb2.ResourceHandleProto, versions_pb2.VersionDef, variable_pb2.VariableDef, variable_pb2.SaveSliceInfoDef,
    saver_pb2.SaverDef, checkpoint_state_pb2.CheckpointState, meta_graph_pb2.MetaGraphDef, meta_graph_pb2.CollectionDef,
    meta_graph_pb2.AssetFileDef, meta_graph_pb2.SignatureDef, meta_graph_pb2.TensorInfo, tensor_bundle_pb2.BundleHeaderProto,
    tensor_bundle_pb2.BundleEntryProto, saved_tensor_slice_pb2.SavedTensorSlices, saved_tensor_slice_pb2.SavedTensorSliceMeta,
    saved_tensor_slice_pb2.SavedSlice, saved_tensor_slice_pb2.SavedSliceMeta, saved_model_pb2.SavedModel, config_pb2.RunMetadata]

FIELD = descriptor_pb2.FieldDescriptorProto


def describe(descriptor):
    proto = descriptor_pb2.DescriptorProto()
    descriptor.CopyToProto(proto)
    oneofs = [o.name for o in proto.oneof_decl]
    fields = []
    for field in sorted(proto.field, key=lambda f: f.number):
        entry = {"name": field.name, "number": field.number, "type": FIELD.Type.Name(field.type), "label": FIELD.Label.Name(field.label)}
        if field.type_name:
            entry["type_name"] = field.type_name.lstrip(".")
        if field.HasField("oneof_index"):
            entry["oneof"] = oneofs[field.oneof_index]
        if field.options.HasField("packed"):
            entry["packed"] = field.options.packed
        if field.HasField("default_value"):
            entry["default"] = field.default_value
        if field.options.deprecated:
            entry["deprecated"] = True
        fields.append(entry)
    return {"file": descriptor.file.name, "map_entry": proto.options.map_entry, "oneofs": oneofs, "fields": fields}


def main():
    messages, enums, files = {}, {}, {}
    todo = [root.DESCRIPTOR for root in ROOTS]
    for descriptor in (types_pb2.DataType.DESCRIPTOR,):
        enums[descriptor.full_name] = {v.name: v.number for v in descriptor.values}
    while todo:
        descriptor = todo.pop()
        if descriptor.full_name in messages or not descriptor.full_name.startswith("tensorflow."):
            continue
        messages[descriptor.full_name] = describe(descriptor)
        file_proto = descriptor_pb2.FileDescriptorProto()
        descriptor.file.CopyToProto(file_proto)
        files[descriptor.file.name] = file_proto.syntax or "proto2"
        for field in descriptor.fields:
            if field.message_type:
                todo.append(field.message_type)
            if field.enum_type:
                enums[field.enum_type.full_name] = {v.name: v.number for v in field.enum_type.values}
        for nested in descriptor.enum_types:
            enums[nested.full_name] = {v.name: v.number for v in nested.values}
        todo.extend(descriptor.nested_types)
    write_json(out("descriptors.json"), {"messages": messages, "enums": enums, "files": files})
    finish()


main()
